using Microsoft.ML.Data;
using Microsoft.ML.Vlm.Components;
using Microsoft.ML.Vlm.Images;
using Microsoft.ML.Vlm.Processing;
using Microsoft.ML.Vlm.Training;

namespace Microsoft.ML.Vlm.Tests.Conformance;

public sealed class DataViewSamplesTests
{
    private const int Rows = 40;

    private static readonly VlmColumns s_columns = new() { Images = [], Prompt = "Prompt", Label = "Label" };

    private static readonly TrainingSettings s_settings = new() { Seed = 5, BatchSize = 2, PrefetchThreads = 2 };

    private readonly MLContext _ml = new(seed: 1);
    private int _reads;

    [Theory]
    [InlineData(1L << 30)]
    [InlineData(100)]
    [InlineData(1)]
    public void Each_epoch_has_every_row_once_in_an_order_of_its_own(long capacity)
    {
        DataViewSamples samples = Create(capacity, seed: 5), again = Create(capacity, seed: 5), other = Create(capacity, seed: 6);

        long[] first = [.. samples.Read(0, 0).Select(sample => sample.Row)], second = [.. samples.Read(1, 0).Select(sample => sample.Row)];

        Assert.Equal(Rows, samples.Count);
        Assert.Equal(Enumerable.Range(0, Rows).Select(row => (long)row), first.Order());
        Assert.Equal(first.Order(), second.Order());
        Assert.Equal(first, again.Read(0, 0).Select(sample => sample.Row));
        Assert.Equal(second, again.Read(1, 0).Select(sample => sample.Row));
        if (capacity > 1)
        {
            Assert.NotEqual(first, second);
            Assert.NotEqual(first, other.Read(0, 0).Select(sample => sample.Row));
        }
    }

    [Fact]
    public void Rows_that_fit_the_memory_are_prepared_once()
    {
        DataViewSamples kept = Create(1L << 30, seed: 5);
        _ = kept.Read(0, 0).Count() + kept.Read(1, 0).Count();
        Assert.Equal(Rows, _reads);

        DataViewSamples streamed = Create(100, seed: 5);
        _ = streamed.Read(0, 0).Count() + streamed.Read(1, 0).Count();
        Assert.Equal(3 * Rows, _reads);
    }

    [Theory]
    [InlineData(1L << 30)]
    [InlineData(100)]
    [InlineData(1)]
    public void A_resumed_run_goes_on_with_the_same_rows(long capacity)
    {
        DataViewSamples whole = Create(capacity, seed: 5);
        long[] first = RowsOf(whole, 0), second = RowsOf(whole, 1);
        foreach (int skip in (int[])[0, 1, 13, Rows - 1, Rows, Rows + 5])
        {
            DataViewSamples resumed = Create(capacity, seed: 5);
            // The order follows from the state, whatever this machine's memory would hold.
            resumed.Restore(whole.OrderState);
            Assert.Equal(first.Skip(skip), RowsOf(resumed, 0, skip));
            Assert.Equal(second, RowsOf(resumed, 1));
            Assert.Equal(whole.OrderState, resumed.OrderState);
        }
    }

    [Theory]
    [InlineData(1L << 30)]
    [InlineData(100)]
    public void Rows_that_are_passed_over_are_not_prepared_and_their_images_not_decoded(long capacity)
    {
        using ColorData colors = new(Rows);
        int decoded = 0;
        IDataView loaded = colors.LoadWithImages(_ml);
        IDataView counted = _ml.Transforms.CustomMapping<Loaded, Counted>((row, output) => (decoded, output.Picture) = (decoded + 1, row.Image), contractName: null).Fit(loaded).Transform(loaded);
        VlmColumns columns = s_columns with { Images = ["Picture"] };
        DataViewSamples create() => new(counted, columns, Prepare, () => { }, s_settings, capacity);
        DataViewSamples whole = create();
        long[] first = RowsOf(whole, 0);

        (decoded, _reads) = (0, 0);
        DataViewSamples resumed = create();
        resumed.Restore(whole.OrderState);
        Assert.Equal(first[30..], RowsOf(resumed, 0, 30));

        Assert.Equal((Rows - 30, Rows - 30), (decoded, _reads));
    }

    [Fact]
    public void No_more_rows_are_read_ahead_than_the_pool_holds()
    {
        DataViewSamples samples = Create(100, seed: 5);
        int given = 0;
        foreach (VlmSample _ in samples.Read(0, 0))
        {
            given++;
            // The pool, what is ready for the reader, what is being prepared, and the row at hand.
            Assert.InRange(_reads - given, 0, samples.OrderState.PoolRows + (2 * s_settings.BatchSize) + s_settings.PrefetchThreads + 1);
        }
        Assert.Equal(5, samples.OrderState.PoolRows);
    }

    [Theory]
    [InlineData(SamplingStrategy.Random, 1L << 30)]
    [InlineData(SamplingStrategy.Random, 100)]
    [InlineData(SamplingStrategy.Sequential, 100)]
    [InlineData(SamplingStrategy.GroupByLength, 1L << 30)]
    [InlineData(SamplingStrategy.GroupByLength, 100)]
    public void The_rows_do_not_depend_on_the_number_of_threads(SamplingStrategy strategy, long capacity)
    {
        long[][] orders =
        [
            .. new[] { 0, 1, 2, 5 }.Select(threads =>
            {
                DataViewSamples samples = Create(capacity, s_settings with { SamplingStrategy = strategy, PrefetchThreads = threads });
                return (long[])[.. RowsOf(samples, 0), .. RowsOf(samples, 1, 3), samples.OrderState.PoolRows];
            }),
        ];
        Assert.All(orders, order => Assert.Equal(orders[0], order));
        Assert.Equal(Enumerable.Range(0, Rows).Select(row => (long)row), orders[0].Take(Rows).Order());
    }

    [Theory]
    [InlineData(0)]
    [InlineData(3)]
    public void An_error_of_a_row_comes_where_the_row_would_and_ends_the_reading(int threads)
    {
        DataViewSamples samples = new(
            _ml.Data.LoadFromEnumerable(Enumerable.Range(0, Rows).Select(_ => new Row())), s_columns,
            example => example.Row == 7 ? throw new InvalidDataException("Row 7: damaged.") : Prepare(example), () => { },
            s_settings with { SamplingStrategy = SamplingStrategy.Sequential, PrefetchThreads = threads }, 1);
        List<long> given = [];
        InvalidDataException error = Assert.Throws<InvalidDataException>(() =>
        {
            foreach (VlmSample sample in samples.Read(0, 0))
            {
                given.Add(sample.Row);
            }
        });
        Assert.Equal("Row 7: damaged.", error.Message);
        Assert.Equal([0, 1, 2, 3, 4, 5, 6], given);
    }

    [Fact]
    public void Cancelling_ends_the_threads()
    {
        using CancellationTokenSource cancel = new();
        DataViewSamples samples = new(
            _ml.Data.LoadFromEnumerable(Enumerable.Range(0, Rows).Select(_ => new Row())), s_columns, Prepare, cancel.Token.ThrowIfCancellationRequested,
            s_settings with { PrefetchThreads = 3 }, 100);
        int given = 0;
        Assert.Throws<OperationCanceledException>(() =>
        {
            foreach (VlmSample _ in samples.Read(0, 0))
            {
                if (++given == 5)
                {
                    cancel.Cancel();
                }
            }
        });
        Assert.Equal(5, given);
    }

    [Fact]
    public void The_first_step_takes_the_longest_rows_of_data_that_fit_the_memory()
    {
        DataViewSamples kept = Create(1L << 30, s_settings with { BatchSize = 3 }), other = Create(1L << 30, s_settings with { BatchSize = 3, LongestRowsFirst = false });
        long[] longest = [.. Enumerable.Range(0, Rows).OrderByDescending(row => LengthOf(row)).Take(3).Select(row => (long)row)];
        Assert.Equal([.. longest, .. RowsOf(other, 0).Except(longest)], RowsOf(kept, 0));
        Assert.Equal(RowsOf(other, 1), RowsOf(kept, 1));

        DataViewSamples resumed = Create(1L << 30, s_settings with { BatchSize = 3 });
        resumed.Restore(kept.OrderState);
        Assert.Equal(RowsOf(Create(1L << 30, s_settings with { BatchSize = 3 }), 0)[3..], RowsOf(resumed, 0, 3));
    }

    [Theory]
    [InlineData(1L << 30)]
    [InlineData(100)]
    public void Lengths_are_known_before_the_first_step_where_batches_go_by_tokens(long capacity)
    {
        DataViewSamples samples = Create(capacity, s_settings with { MaxTokensPerBatch = 9 });
        Assert.Equal([.. samples.ReadLengths(1)], RowsOf(samples, 1).Select(row => LengthOf((int)row)));
        Assert.Equal(Rows, samples.OrderState.Lengths!.Count);
    }

    [Theory]
    [InlineData(1L << 30)]
    [InlineData(50_000)]
    public void Rows_whose_features_are_kept_are_not_decoded_again(long capacity)
    {
        using ColorData colors = new(Rows);
        int decoded = 0;
        IDataView loaded = colors.LoadWithImages(_ml);
        IDataView counted = _ml.Transforms.CustomMapping<Loaded, Counted>((row, output) =>
        {
            Interlocked.Increment(ref decoded);
            output.Picture = row.Image;
        }, contractName: null).Fit(loaded).Transform(loaded);
        DataViewSamples samples = new(counted, s_columns with { Images = ["Picture"] }, PrepareImage, () => { }, s_settings, capacity);
        HashSet<UInt128> known = [];
        samples.HasFeatures = hash =>
        {
            lock (known)
            {
                return known.Contains(hash);
            }
        };
        long[] before = [];
        foreach (VlmSample sample in samples.Read(0, 0))
        {
            Assert.All(sample.Images, image => Assert.True(image.HasSamples));
            lock (known)
            {
                known.UnionWith(sample.Images.Select(image => image.ContentHash));
            }
            before = [.. before, sample.Row];
        }
        bool keepsAll = samples.OrderState.PoolRows == Rows;
        Assert.Equal(capacity > 50_000, keepsAll);
        (decoded, _reads) = (0, 0);
        VlmSample[] second = [.. samples.Read(1, 0)], third = [.. samples.Read(2, 0)];

        Assert.Equal((0, 0), (decoded, _reads));
        Assert.Equal(before.Order(), second.Select(sample => sample.Row).Order());
        Assert.All(third, sample => Assert.False(sample.Images[0].HasSamples));
        // What cannot be had from the cache any more is read again, one row.
        VlmSample whole = PrepareImage(new VlmExample { Prompt = [], Row = third[4].Row });
        Assert.Equal(whole.Images[0].Samples, third[4].Images[0].Load().Samples);
        Assert.Equal(1, decoded);
    }

    [Fact]
    public void A_reading_that_was_broken_off_can_be_started_again()
    {
        DataViewSamples samples = Create(100, seed: 5);
        _ = samples.Read(0, 0).Take(7).Count();
        Assert.Equal(RowsOf(Create(100, seed: 5), 0), RowsOf(samples, 0));
    }

    [Fact]
    public void A_source_that_changes_between_two_readings_is_refused()
    {
        int length = 3;
        IEnumerable<Row> rows() => Enumerable.Range(0, length++).Select(_ => new Row());
        IEnumerable<Row> changing = Enumerable.Range(0, 1).SelectMany(_ => rows());
        DataViewSamples samples = new(_ml.Data.LoadFromEnumerable(changing), s_columns, Prepare, () => { }, new(), 1L << 30);

        Assert.Contains("same rows", Assert.Throws<InvalidDataException>(() => samples.Read(0, 0).Count()).Message, StringComparison.Ordinal);
    }

    private DataViewSamples Create(long capacity, int seed) => Create(capacity, s_settings with { Seed = seed });

    private DataViewSamples Create(long capacity, TrainingSettings settings)
        => new(_ml.Data.LoadFromEnumerable(Enumerable.Range(0, Rows).Select(_ => new Row())), s_columns, Prepare, () => { }, settings, capacity);

    private static long[] RowsOf(DataViewSamples samples, int epoch, long skip = 0) => [.. samples.Read(epoch, skip).Select(sample => sample.Row)];

    private VlmSample Prepare(VlmExample example)
    {
        Interlocked.Increment(ref _reads);
        return new VlmSample([1, .. Enumerable.Repeat(2, LengthOf((int)example.Row) - 1)], new bool[LengthOf((int)example.Row)], [], [], example.Row);
    }

    private static int LengthOf(int row) => 2 + (row * 7 % 5);

    private VlmSample PrepareImage(VlmExample example)
    {
        VlmSample sample = Prepare(example);
        byte[] pixels = [.. Enumerable.Repeat((byte)example.Row, 5000)];
        return sample with { Images = [new ImageTiles(0, 0, 1, 25, 200, pixels, new ImageNormalization([0], [1]), (UInt128)(ulong)example.Row)] };
    }

    private sealed class Loaded
    {
        [VlmImage]
        public MLImage? Image { get; set; }
    }

    private sealed class Counted
    {
        [VlmImage]
        public MLImage? Picture { get; set; }
    }

    private sealed class Row
    {
        public string Prompt { get; set; } = "question";

        public string Label { get; set; } = "answer";
    }
}
