using Microsoft.ML.Data;
using Microsoft.ML.Vlm.Components;
using Microsoft.ML.Vlm.Processing;

namespace Microsoft.ML.Vlm.Tests.Conformance;

public sealed class DataViewSamplesTests
{
    private const int Rows = 40;

    private static readonly VlmColumns s_columns = new() { Images = [], Prompt = "Prompt", Label = "Label" };

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
        DataViewSamples create() => new(counted, columns, Prepare, () => { }, 5, capacity);
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
            Assert.InRange(_reads - given, 0, samples.OrderState.PoolRows);
        }
        Assert.Equal(10, samples.OrderState.PoolRows);
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
        DataViewSamples samples = new(_ml.Data.LoadFromEnumerable(changing), s_columns, Prepare, () => { }, 1, 1L << 30);

        Assert.Contains("same rows", Assert.Throws<InvalidDataException>(() => samples.Read(0, 0).Count()).Message, StringComparison.Ordinal);
    }

    private DataViewSamples Create(long capacity, int seed)
        => new(_ml.Data.LoadFromEnumerable(Enumerable.Range(0, Rows).Select(_ => new Row())), s_columns, Prepare, () => { }, seed, capacity);

    private static long[] RowsOf(DataViewSamples samples, int epoch, long skip = 0) => [.. samples.Read(epoch, skip).Select(sample => sample.Row)];

    private VlmSample Prepare(VlmExample example)
    {
        _reads++;
        return new VlmSample([1, 2], [false, true], [], [], example.Row);
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
