using Microsoft.ML.Vlm.Processing;
using Microsoft.ML.Vlm.Training;

namespace Microsoft.ML.Vlm.Tests.Training;

public sealed class SampleListTests
{
    private static readonly VlmSample[] s_rows = [.. Enumerable.Range(0, 20).Select(row => ToyModel.Text(row, 1, 1, 2))];

    [Fact]
    public void Without_seed_the_order_is_that_of_the_list() => Assert.Equal(s_rows, new SampleList(s_rows).Read(3, 0));

    [Fact]
    public void A_seed_gives_every_epoch_an_order_of_its_own_that_comes_again()
    {
        SampleList source = new(s_rows, shuffleSeed: 7);
        Assert.Equal(source.Read(0, 0), source.Read(0, 0));
        Assert.NotEqual(source.Read(0, 0), source.Read(1, 0));
        Assert.Equal(s_rows, source.Read(1, 0).OrderBy(row => row.Row));
        Assert.NotEqual(source.Read(0, 0), new SampleList(s_rows, shuffleSeed: 8).Read(0, 0));
    }
}
