using Microsoft.ML.Vlm.Processing;
using Microsoft.ML.Vlm.Training;

namespace Microsoft.ML.Vlm.Components;

/// <summary>
/// The rows of a data view in random order, another one each epoch. Prepared rows are kept when all of them fit the memory; else each epoch reads
/// the data again and draws from a pool of that size.
/// </summary>
/// <param name="data">The data; its rows may not change between two readings.</param>
/// <param name="columns">Names; their types have been checked.</param>
/// <param name="prepare">Turns an example into what the model reads.</param>
/// <param name="checkAlive">Called for each row that is read or given; throws to cancel.</param>
/// <param name="seed">Seed of the order.</param>
/// <param name="capacity">Bytes that prepared rows may take.</param>
internal sealed class DataViewSamples(
    IDataView data, VlmColumns columns, Func<VlmExample, VlmSample> prepare, Action checkAlive, int seed, long capacity) : ISampleSource
{
    private SampleList? _kept;

    /// <inheritdoc/>
    public long Count { get; } = CountRows(data, checkAlive);

    /// <inheritdoc/>
    public IEnumerable<VlmSample> Read(int epoch)
    {
        foreach (VlmSample sample in _kept?.Read(epoch) ?? ReadThrough(epoch))
        {
            checkAlive();
            yield return sample;
        }
    }

    // Most sources do not know their length; a cursor without columns decodes no image.
    private static long CountRows(IDataView data, Action checkAlive)
    {
        if (data.GetRowCount() is { } known)
        {
            return known;
        }
        using DataViewRowCursor cursor = data.GetRowCursor([]);
        long count = 0;
        while (cursor.MoveNext())
        {
            checkAlive();
            count++;
        }
        return count;
    }

    private static long SizeOf(VlmSample sample)
        => (sample.Tokens.Length * (sizeof(int) + sizeof(bool))) + sample.Images.Sum(image => image.Samples.LongLength);

    private IEnumerable<VlmSample> ReadThrough(int epoch)
    {
        List<VlmSample> pool = [];
        long bytes = 0;
        using IEnumerator<VlmSample> rows = ReadInOrder().GetEnumerator();
        bool hasMore = true;
        while (bytes < capacity && (hasMore = rows.MoveNext()))
        {
            pool.Add(rows.Current);
            bytes += SizeOf(rows.Current);
        }
        if (!hasMore)
        {
            _kept = new SampleList(pool, seed);
            foreach (VlmSample sample in _kept.Read(epoch))
            {
                yield return sample;
            }
            yield break;
        }

        Random random = new(unchecked((seed * 1_000_003) + epoch));
        while (rows.MoveNext())
        {
            int chosen = random.Next(pool.Count);
            yield return pool[chosen];
            pool[chosen] = rows.Current;
        }
        VlmSample[] rest = [.. pool];
        random.Shuffle(rest);
        foreach (VlmSample sample in rest)
        {
            yield return sample;
        }
    }

    private IEnumerable<VlmSample> ReadInOrder()
    {
        using DataViewRowCursor cursor = data.GetRowCursor(columns.Images.Append(columns.Prompt).Append(columns.Label).Select(name => data.Schema[name]));
        VlmRowReader reader = new(cursor, columns, readsLabel: true);
        long read = 0;
        for (; cursor.MoveNext(); read++)
        {
            checkAlive();
            VlmExample example = reader.Read();
            if (example.Completion is null)
            {
                throw new InvalidDataException($"Row {example.Row:N0}: the label in '{columns.Label}' is empty, so there is nothing to learn from the row. Filter such rows out.");
            }
            yield return prepare(example);
        }
        if (read != Count)
        {
            throw new InvalidDataException($"The data had {Count:N0} rows when they were counted and {read:N0} when they were read. Give a source that yields the same rows each time.");
        }
    }
}
