using System.Collections;
using Microsoft.ML.Vlm.Processing;
using Microsoft.ML.Vlm.Training;

namespace Microsoft.ML.Vlm.Components;

/// <summary>
/// The rows of a data view in random order, another one each epoch. Prepared rows are kept when all of them fit the memory; else each epoch reads
/// the data again and draws from a pool of as many rows as fit.
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
    private readonly Dictionary<int, VlmSample> _held = [];
    private SampleOrderState? _order;

    /// <inheritdoc/>
    public long Count { get; } = CountRows(data, checkAlive);

    /// <inheritdoc/>
    public SampleOrderState OrderState => _order ?? throw new InvalidOperationException("No row has been read, so the size of the pool is not known.");

    // A pool of all rows is not emptied: the next epoch reads from it.
    private bool KeepsAll => _order!.PoolRows >= Count;

    /// <inheritdoc/>
    public void Restore(SampleOrderState state) => _order = state;

    /// <inheritdoc/>
    public IEnumerable<VlmSample> Read(int epoch, long skip)
    {
        using DataViewSweep sweep = new(data, columns, Count, checkAlive);
        _order ??= FillPool(sweep);
        ArraySegment<int> order = SampleOrder.Shuffle(checked((int)Count), _order.PoolRows, seed, epoch);
        order = order[checked((int)Math.Min(skip, Count))..];
        BitArray isAhead = new((int)Count);
        foreach (int row in order)
        {
            isAhead[row] = true;
        }
        if (!KeepsAll)
        {
            // The rest of a reading that was broken off.
            foreach (int row in _held.Keys.Where(row => !isAhead[row] || row >= sweep.RowsRead).ToArray())
            {
                _held.Remove(row);
            }
        }
        foreach (int row in order)
        {
            checkAlive();
            yield return Take(row, sweep, isAhead);
        }
        sweep.Finish();
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

    private SampleOrderState FillPool(DataViewSweep sweep)
    {
        _held.Clear();
        long bytes = 0;
        while (bytes < capacity && sweep.MoveNext())
        {
            VlmSample sample = prepare(sweep.Read());
            _held.Add(_held.Count, sample);
            bytes += SizeOf(sample);
        }
        // An empty pool gives no order; data without rows has none to give either.
        return new SampleOrderState(Math.Max(_held.Count, 1));
    }

    private VlmSample Take(int row, DataViewSweep sweep, BitArray isAhead)
    {
        VlmSample? sample;
        while (!_held.TryGetValue(row, out sample))
        {
            if (!sweep.MoveNext())
            {
                throw sweep.Changed();
            }
            int read = (int)sweep.RowsRead - 1;
            if (isAhead[read] && !_held.ContainsKey(read))
            {
                _held.Add(read, prepare(sweep.Read()));
            }
        }
        isAhead[row] = false;
        if (!KeepsAll)
        {
            _held.Remove(row);
        }
        return sample;
    }
}
