using System.Collections;
using Microsoft.ML.Vlm.Processing;
using Microsoft.ML.Vlm.Training;

namespace Microsoft.ML.Vlm.Components;

/// <summary>
/// The rows of a data view in the order that the settings ask for. Prepared rows are kept when all of them fit the memory; else each epoch reads the data again and draws from
/// a pool of as many rows as fit. Rows are prepared ahead on other threads, and lose their pixels once the features of their images are kept elsewhere.
/// </summary>
/// <param name="data">The data; its rows may not change between two readings.</param>
/// <param name="columns">Names; their types have been checked.</param>
/// <param name="prepare">Turns an example into what the model reads, on any thread.</param>
/// <param name="checkAlive">Called for each row that is read or given, on any thread; throws to cancel.</param>
/// <param name="settings">Order, seed and threads.</param>
/// <param name="capacity">Bytes that prepared rows may take.</param>
/// <param name="leftOut">Rows that are passed over and do not count; null for none.</param>
internal sealed class DataViewSamples(
    IDataView data, VlmColumns columns, Func<VlmExample, VlmSample> prepare, Action checkAlive, TrainingSettings settings, long capacity,
    IReadOnlySet<long>? leftOut = null) : ISampleSource
{
    // Tokens without pixels are small; a fourth of the memory holds those of far more rows than the pool.
    private const int OutlinePart = 4;

    // Steps after which the features of a row that was given are there, if there is room for them.
    private const int LongestWait = 8;

    private readonly IReadOnlySet<long> _leftOut = leftOut ?? new HashSet<long>();
    private readonly Dictionary<int, Task<VlmSample>> _held = [];
    private readonly SampleOutlines _outlines = new(capacity / OutlinePart);
    private readonly Queue<int> _given = [];
    private SampleOrderState? _order;
    private bool _isPoolFresh;

    /// <inheritdoc/>
    public long Count { get; } = DataViewSweep.CountRows(data, checkAlive) - (leftOut?.Count ?? 0);

    /// <inheritdoc/>
    public SampleOrderState OrderState => _order ?? throw new InvalidOperationException("No row has been read, so the size of the pool is not known.");

    /// <inheritdoc/>
    public Func<UInt128, bool>? HasFeatures { get; set; }

    // A pool of all rows is not emptied: the next epoch reads from it.
    private bool KeepsAll => _order!.PoolRows >= Count;

    private bool NeedsLengths => settings.SamplingStrategy == SamplingStrategy.GroupByLength || (settings.MaxTokensPerBatch is not null && settings.MaxSteps is null);

    /// <inheritdoc/>
    public void Restore(SampleOrderState state) => _order = state;

    /// <inheritdoc/>
    public IEnumerable<VlmSample> Read(int epoch, long skip)
    {
        using PrefetchWorkers workers = new(settings.PrefetchThreads);
        foreach (VlmSample sample in workers.InOrder(Start(epoch, skip, workers), 2 * Math.Max(settings.PrefetchThreads, settings.BatchSize)))
        {
            checkAlive();
            yield return sample;
        }
    }

    /// <inheritdoc/>
    public IEnumerable<int> ReadLengths(int epoch)
    {
        if (_order is null)
        {
            using PrefetchWorkers workers = new(settings.PrefetchThreads);
            DecideOrder(workers);
        }
        IReadOnlyList<int> lengths = _order!.Lengths ?? throw new InvalidOperationException("These settings need no lengths, so none were kept.");
        return OrderOf(epoch).Select(row => lengths[row]);
    }

    private int[] OrderOf(int epoch) => SampleOrder.Create(_order!, settings, checked((int)Count), epoch);

    private DataViewSweep Sweep() => new(data, columns, Count, checkAlive, _leftOut);

    private void DecideOrder(PrefetchWorkers workers)
    {
        using DataViewSweep sweep = Sweep();
        List<int> lengths = FillPool(sweep, workers);
        bool keepsAll = lengths.Count == Count;
        // An empty pool gives no order; data without rows has none to give either.
        SampleOrderState order = new(Math.Max(lengths.Count, 1));
        if (keepsAll && settings.LongestRowsFirst && settings.SamplingStrategy != SamplingStrategy.Sequential)
        {
            order = order with { FirstRows = SampleOrder.Longest(lengths, settings.RowsPerStep) };
        }
        if (NeedsLengths)
        {
            MeasureRest(sweep, lengths, workers);
            order = order with { Lengths = lengths };
        }
        (_order, _isPoolFresh) = (order, true);
    }

    /// <summary>Holds rows from the first on until they fill the memory; the workers may be some rows further.</summary>
    /// <returns>The lengths of the rows that fill it.</returns>
    private List<int> FillPool(DataViewSweep sweep, PrefetchWorkers workers)
    {
        _held.Clear();
        List<int> lengths = [];
        long bytes = 0;
        while (bytes < capacity)
        {
            while (_held.Count <= lengths.Count + settings.PrefetchThreads && sweep.MoveNext())
            {
                _held.Add(_held.Count, StartRow(sweep, workers));
            }
            if (lengths.Count == _held.Count)
            {
                break;
            }
            VlmSample sample = _held[lengths.Count].GetAwaiter().GetResult();
            lengths.Add(sample.Tokens.Length);
            bytes += RowSize.BytesOf(sample);
        }
        return lengths;
    }

    private void MeasureRest(DataViewSweep sweep, List<int> lengths, PrefetchWorkers workers)
    {
        Queue<Task<int>> running = new(_held.OrderBy(pair => pair.Key).Skip(lengths.Count).Select(async pair => (await pair.Value.ConfigureAwait(false)).Tokens.Length));
        while (lengths.Count + running.Count < Count && sweep.MoveNext())
        {
            Func<VlmExample> example = sweep.Read();
            running.Enqueue(workers.Start(() => prepare(example()).Tokens.Length));
            while (running.Count > settings.PrefetchThreads)
            {
                lengths.Add(running.Dequeue().GetAwaiter().GetResult());
            }
        }
        lengths.AddRange(running.Select(task => task.GetAwaiter().GetResult()));
        sweep.Finish();
    }

    private IEnumerable<Task<VlmSample>> Start(int epoch, long skip, PrefetchWorkers workers)
    {
        if (_order is null)
        {
            DecideOrder(workers);
        }
        if (!KeepsAll && !_isPoolFresh)
        {
            // What is left of a reading that was broken off.
            _held.Clear();
        }
        _isPoolFresh = false;
        int[] order = OrderOf(epoch)[(int)Math.Min(skip, Count)..];
        BitArray isAhead = new((int)Count);
        foreach (int row in order)
        {
            isAhead[row] = true;
        }
        using DataViewSweep sweep = Sweep();
        foreach (int row in order)
        {
            yield return Take(row, sweep, isAhead, workers);
        }
        sweep.Finish();
    }

    private Task<VlmSample> Take(int row, DataViewSweep sweep, BitArray isAhead, PrefetchWorkers workers)
    {
        Task<VlmSample>? sample;
        while (!_held.TryGetValue(row, out sample))
        {
            if (!sweep.MoveNext())
            {
                throw sweep.Changed();
            }
            int read = (int)sweep.RowsRead - 1;
            if (isAhead[read] && !_held.ContainsKey(read))
            {
                _held.Add(read, _outlines.Find(read, HasFeatures) is { } outline ? Task.FromResult(outline) : StartRow(sweep, workers));
            }
        }
        isAhead[row] = false;
        if (KeepsAll)
        {
            DropPixels();
            _given.Enqueue(row);
        }
        else
        {
            _held.Remove(row);
        }
        return sample;
    }

    private Task<VlmSample> StartRow(DataViewSweep sweep, PrefetchWorkers workers)
    {
        Func<VlmExample> example = sweep.Read();
        int row = (int)sweep.RowsRead - 1;
        return workers.Start(() =>
        {
            VlmSample sample = prepare(example());
            if (HasFeatures is not null && (_order is null || !KeepsAll))
            {
                _outlines.Add(row, SampleOutlines.Of(sample, () => ReadAgain(row)));
            }
            return sample;
        });
    }

    // Rows come here before they are trained on, so the features of the last ones given are not there yet.
    private void DropPixels()
    {
        while (HasFeatures is not null && _given.TryPeek(out int row))
        {
            bool isKnown = _held[row].IsCompletedSuccessfully && SampleOutlines.IsKnown(_held[row].Result, HasFeatures);
            if (!isKnown && _given.Count <= LongestWait * settings.RowsPerStep)
            {
                return;
            }
            if (isKnown)
            {
                _held[row] = Task.FromResult(SampleOutlines.Of(_held[row].Result, () => ReadAgain(row)));
            }
            _given.Dequeue();
        }
    }

    // Only where features that were kept can no longer be read, such as a damaged file.
    private VlmSample ReadAgain(int row)
    {
        using DataViewSweep sweep = Sweep();
        while (sweep.RowsRead <= row)
        {
            if (!sweep.MoveNext())
            {
                throw sweep.Changed();
            }
        }
        return prepare(sweep.Read()());
    }
}
