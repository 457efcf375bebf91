using Microsoft.ML.Vlm.Generation;

namespace Microsoft.ML.Vlm.Tests.Generation;

public sealed class TokenSamplerTests
{
    [Fact]
    public void Greedy_takes_the_largest_and_the_first_of_equal_ones()
    {
        TokenSampler sampler = new(new GenerationOptions(), [], 0);
        Assert.Equal(1, sampler.Next([1, 3, 3, 2]));
        Assert.Equal(0, sampler.Next([float.MaxValue, float.NegativeInfinity]));
    }

    [Fact]
    public void Logits_that_are_no_numbers_are_an_error()
    {
        Assert.Throws<InvalidOperationException>(() => TokenSampler.Largest([1, float.NaN]));
        Assert.Throws<InvalidOperationException>(() => TokenSampler.Largest([float.NaN, 1]));
        Assert.Throws<InvalidOperationException>(() => TokenSampler.Largest([float.NegativeInfinity]));
    }

    [Fact]
    public void Repetition_penalty_counts_the_prompt_and_the_answer()
    {
        // 4 / 2 = 2 loses against 3; after token 1 was taken, 3 / 2 = 1.5 loses against 2.
        TokenSampler sampler = new(new GenerationOptions { RepetitionPenalty = 2 }, prompt: [0], row: 0);
        Assert.Equal(1, sampler.Next([4, 3, 1]));
        Assert.Equal(0, sampler.Next([4, 3, 1]));
        Assert.Equal(2, sampler.Next([4, 3, 2.5f]));
    }

    // Probabilities 0.25, 0.5, 0, 0.25.
    [Theory]
    [InlineData(0.0, 0)]
    [InlineData(0.24, 0)]
    [InlineData(0.26, 1)]
    [InlineData(0.74, 1)]
    [InlineData(0.76, 3)]
    [InlineData(0.9999999999999999, 3)]
    public void Draw_takes_the_token_at_the_point_of_the_distribution(double point, int expected)
        => Assert.Equal(expected, TokenSampler.Draw([MathF.Log(1), MathF.Log(2), float.NegativeInfinity, MathF.Log(1)], point));

    [Fact]
    public void Drawn_tokens_have_the_frequencies_of_the_softmax_at_the_temperature()
    {
        // Logits 0 and ln 9 at temperature 2 are 0 and ln 3: one in four, three in four. 4 standard deviations of 20,000 draws are 0.0122.
        TokenSampler sampler = new(new GenerationOptions { Temperature = 2, Seed = 1 }, [], 0);
        int second = Enumerable.Range(0, 20_000).Count(_ => sampler.Next([0, MathF.Log(9)]) == 1);
        Assert.Equal(0.75, second / 20_000.0, 0.0122);
    }

    [Fact]
    public void Temperature_comes_before_top_p()
    {
        // 0.5, 0.3, 0.2 at temperature 0.5 are 0.658, 0.237, 0.105: 0.6 keeps one token, where the plain distribution would keep two.
        TokenSampler sampler = new(new GenerationOptions { Temperature = 0.5, TopP = 0.6, Seed = 3 }, [], 0);
        Assert.All(Enumerable.Range(0, 200), _ => Assert.Equal(0, sampler.Next([MathF.Log(0.5f), MathF.Log(0.3f), MathF.Log(0.2f)])));
    }

    [Fact]
    public void Top_k_limits_what_is_drawn()
    {
        TokenSampler sampler = new(new GenerationOptions { Temperature = 1, TopK = 2, Seed = 3 }, [], 0);
        Assert.Equal([1, 3], Enumerable.Range(0, 300).Select(_ => sampler.Next([0, 1, 0, 1, 0])).Distinct().Order());
    }

    [Fact]
    public void Seed_and_row_decide_the_draws()
    {
        int[] Draws(int seed, long row)
        {
            TokenSampler sampler = new(new GenerationOptions { Temperature = 1, Seed = seed }, [], row);
            return [.. Enumerable.Range(0, 50).Select(_ => sampler.Next(new float[100]))];
        }
        Assert.Equal(Draws(1, 2), Draws(1, 2));
        Assert.NotEqual(Draws(1, 2), Draws(1, 3));
        Assert.NotEqual(Draws(1, 2), Draws(2, 2));
    }

    [Fact]
    public void Random_numbers_are_spread_evenly_and_stay_the_same()
    {
        SamplingRandom random = new(0, 0);
        // The first three numbers of SplitMix64 from state 0, as published with the generator, without their 11 lowest bits.
        Assert.Equal((0xE220A8397B1DCDAFUL >> 11) / (double)(1UL << 53), random.Next());
        Assert.Equal((0x6E789E6AA1B965F4UL >> 11) / (double)(1UL << 53), random.Next());
        Assert.Equal((0x06C45D188009454FUL >> 11) / (double)(1UL << 53), random.Next());
        int[] counts = new int[10];
        for (int draw = 0; draw < 100_000; draw++)
        {
            counts[(int)(random.Next() * 10)]++;
        }
        // 4 standard deviations of a binomial with p = 0.1 are 380.
        Assert.All(counts, count => Assert.InRange(count, 9_620, 10_380));
    }
}
