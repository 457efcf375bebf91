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

        long[] first = [.. samples.Read(0).Select(sample => sample.Row)], second = [.. samples.Read(1).Select(sample => sample.Row)];

        Assert.Equal(Rows, samples.Count);
        Assert.Equal(Enumerable.Range(0, Rows).Select(row => (long)row), first.Order());
        Assert.Equal(first.Order(), second.Order());
        Assert.Equal(first, again.Read(0).Select(sample => sample.Row));
        Assert.Equal(second, again.Read(1).Select(sample => sample.Row));
        if (capacity > 1)
        {
            Assert.NotEqual(first, second);
            Assert.NotEqual(first, other.Read(0).Select(sample => sample.Row));
        }
    }

    [Fact]
    public void Rows_that_fit_the_memory_are_prepared_once()
    {
        DataViewSamples kept = Create(1L << 30, seed: 5);
        _ = kept.Read(0).Count() + kept.Read(1).Count();
        Assert.Equal(Rows, _reads);

        DataViewSamples streamed = Create(100, seed: 5);
        _ = streamed.Read(0).Count() + streamed.Read(1).Count();
        Assert.Equal(3 * Rows, _reads);
    }

    [Fact]
    public void A_source_that_changes_between_two_readings_is_refused()
    {
        int length = 3;
        IEnumerable<Row> rows() => Enumerable.Range(0, length++).Select(_ => new Row());
        IEnumerable<Row> changing = Enumerable.Range(0, 1).SelectMany(_ => rows());
        DataViewSamples samples = new(_ml.Data.LoadFromEnumerable(changing), s_columns, Prepare, () => { }, 1, 1L << 30);

        Assert.Contains("same rows", Assert.Throws<InvalidDataException>(() => samples.Read(0).Count()).Message, StringComparison.Ordinal);
    }

    private DataViewSamples Create(long capacity, int seed)
        => new(_ml.Data.LoadFromEnumerable(Enumerable.Range(0, Rows).Select(_ => new Row())), s_columns, Prepare, () => { }, seed, capacity);

    private VlmSample Prepare(VlmExample example)
    {
        _reads++;
        return new VlmSample([1, 2], [false, true], [], [], example.Row);
    }

    private sealed class Row
    {
        public string Prompt { get; set; } = "question";

        public string Label { get; set; } = "answer";
    }
}
