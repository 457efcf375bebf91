using Microsoft.ML.Vlm.Generation;

namespace Microsoft.ML.Vlm.Tests.Generation;

public sealed class LogitsFiltersTests
{
    private const float Gone = float.NegativeInfinity;

    [Fact]
    public void Repetition_penalty_divides_positive_and_multiplies_negative_logits_of_seen_tokens()
    {
        float[] logits = [2, -2, 0, 3];
        LogitsFilters.PenalizeRepetition(logits, [0, 1, 2], 2);
        Assert.Equal([1, -4, 0, 3], logits);
    }

    [Fact]
    public void Temperature_divides()
    {
        float[] logits = [1, -3];
        LogitsFilters.ScaleByTemperature(logits, 0.5f);
        Assert.Equal([2, -6], logits);
    }

    [Theory]
    [InlineData(1, new[] { Gone, 5f, Gone, Gone })]
    [InlineData(2, new[] { 3f, 5f, 3f, Gone })]
    [InlineData(3, new[] { 3f, 5f, 3f, Gone })]
    [InlineData(4, new[] { 3f, 5f, 3f, 1f })]
    [InlineData(9, new[] { 3f, 5f, 3f, 1f })]
    public void Top_k_keeps_the_k_largest_and_what_equals_the_last_of_them(int k, float[] expected)
    {
        float[] logits = [3, 5, 3, 1];
        LogitsFilters.KeepTopK(logits, k);
        Assert.Equal(expected, logits);
    }

    // Probabilities 0.5, 0.25, 0.125, 0.125 (logits are multiples of ln 2). A token goes when it and all less probable ones sum to at most 1 - p.
    [Theory]
    [InlineData(1.0, 4)]
    [InlineData(0.9, 4)]
    [InlineData(0.87, 3)]
    [InlineData(0.76, 3)]
    [InlineData(0.74, 2)]
    [InlineData(0.51, 2)]
    [InlineData(0.49, 1)]
    [InlineData(1e-9, 1)]
    public void Top_p_keeps_the_fewest_tokens_that_reach_p(double p, int kept)
    {
        float unit = MathF.Log(2);
        float[] logits = [2 * unit, 3 * unit, unit, unit];
        LogitsFilters.KeepTopP(logits, p);
        bool[] isKept = [.. logits.Select(logit => logit > Gone)];
        // In the order of probability: token 1, 0, 2, 3; of the equal two the earlier stays longer.
        int[] order = [1, 0, 2, 3];
        Assert.Equal(order.Select((_, rank) => rank < kept), order.Select(token => isKept[token]));
    }

    [Fact]
    public void Top_p_keeps_a_smallest_set_of_any_distribution()
    {
        Random random = new(11);
        for (int round = 0; round < 300; round++)
        {
            float[] logits = [.. Enumerable.Range(0, random.Next(1, 200)).Select(_ => (float)(random.NextDouble() * 12))];
            double[] weights = [.. logits.Select(logit => Math.Exp(logit))];
            double p = 0.02 + (0.97 * random.NextDouble()), total = weights.Sum();
            LogitsFilters.KeepTopP(logits, p);
            double[] kept = [.. weights.Where((_, token) => logits[token] > Gone)], dropped = [.. weights.Where((_, token) => logits[token] == Gone)];
            Assert.InRange(kept.Sum() / total, p - 1e-9, 1 + 1e-9);
            Assert.InRange((kept.Sum() - kept.Min()) / total, 0, p + 1e-9);
            Assert.True(dropped.All(weight => weight <= kept.Min()));
        }
    }

    [Fact]
    public void Top_p_counts_only_what_earlier_filters_left()
    {
        // 0.5, 0.3, 0.2: without the last the others have 0.625 and 0.375.
        float[] logits = [MathF.Log(0.5f), MathF.Log(0.3f), MathF.Log(0.2f)];
        LogitsFilters.KeepTopK(logits, 2);
        LogitsFilters.KeepTopP(logits, 0.6);
        Assert.Equal([false, true, true], logits.Select(float.IsNegativeInfinity));
    }
}
