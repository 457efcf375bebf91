using Microsoft.ML.Vlm.Evaluation;

namespace Microsoft.ML.Vlm.Tests.Evaluation;

public sealed class PairedBootstrapTests
{
    [Fact]
    public void Equal_differences_leave_no_doubt()
        => Assert.Equal(new VlmInterval(0.5, 0.5, 0.5), PairedBootstrap.Interval([0, 0.25, 0.5], [0.5, 0.75, 1], resamples: 100, confidence: 0.95, seed: 1));

    [Fact]
    public void What_goes_up_as_often_as_down_may_be_chance()
    {
        double[] before = [.. Enumerable.Range(0, 100).Select(row => (double)(row % 2))], after = [.. before.Select(value => 1 - value)];

        VlmInterval interval = PairedBootstrap.Interval(before, after, resamples: 2000, confidence: 0.95, seed: 1);

        Assert.Equal(0, interval.Difference, 1e-12);
        Assert.False(interval.IsSignificant);

        // The mean of n = 100 draws of -1 or 1 has the deviation 1 / sqrt(n) = 0.1; 95 % of a normal distribution lie within 1.96 of them.
        Assert.InRange(interval.Low, -0.22, -0.17);
        Assert.InRange(interval.High, 0.17, 0.22);
    }

    [Fact]
    public void The_same_seed_gives_the_same_interval()
    {
        double[] before = [0, 1, 0, 1, 0, 0, 1], after = [1, 1, 0, 0, 1, 1, 1];
        VlmInterval Interval(int seed) => PairedBootstrap.Interval(before, after, resamples: 500, confidence: 0.9, seed);

        Assert.Equal(Interval(7), Interval(7));
        Assert.Equal(2 / 7.0, Interval(7).Difference, 1e-12);
    }

    [Fact]
    public void Rows_of_both_sides_have_to_be_the_same()
        => Assert.Contains("there are 1 and 2", Assert.Throws<ArgumentException>(() => PairedBootstrap.Interval([0], [0, 1], 100, 0.95, 1)).Message);

    [Fact]
    public void Intervals_are_written_in_points() => Assert.Equal("+12.5 (-1.0 to +26.0)", new VlmInterval(0.125, -0.01, 0.26).ToString());
}
