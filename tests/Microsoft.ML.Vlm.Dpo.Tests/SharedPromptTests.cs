using Microsoft.ML.Vlm.Models;
using Microsoft.ML.Vlm.Models.SmolVlm;
using Microsoft.ML.Vlm.Processing;
using Microsoft.ML.Vlm.Tests.Models;
using Microsoft.ML.Vlm.Training;
using static TorchSharp.torch;

namespace Microsoft.ML.Vlm.Dpo.Tests;

/// <summary>A pair as three segments, with prompt and images once, against what it stands for: two full rows.</summary>
public sealed class SharedPromptTests
{
    // Sums in another order differ in the last of float32's 24 bits.
    private const double Tolerance = 1e-5;

    private static readonly int[][] s_answers = [[7, 8, 9, 10], [11, 12], [13, 14, 15], [16, 17, 18, 19, 20]];

    [Theory]
    [InlineData(256, false)]
    [InlineData(256, true)]
    [InlineData(3, false)]
    public void Values_and_gradients_equal_those_of_two_full_rows_with_two_images(int chunkRows, bool checkpointing)
    {
        using var scope = NewDisposeScope();
        using SmolVlmModel shared = TinyModels.Create(), full = TinyModels.Create();
        MakeTrainable(shared);
        MakeTrainable(full);
        shared.GradientCheckpointing = checkpointing;
        VlmSample[] prompts = [Prompt(1), Prompt(2)];
        VlmSample[] rows = [.. s_answers.Select((answer, index) => Row(prompts[index / 2], answer))];
        VlmSample[] pairs = [PreferencePair.Join(rows[0], rows[1]), PreferencePair.Join(rows[2], rows[3])];
        PreferenceSettings settings = new() { LossTypes = [DpoLossType.Sigmoid, DpoLossType.Ipo, DpoLossType.Sft], LossWeights = [1, 0.01, 0.5] };

        using VlmBatch batch = VlmBatch.Create(pairs, shared.TokensPerTile);
        Assert.Equal(4, batch.Images.Count);
        using ReferenceLogProbabilities reference = new(new SeparateModelPolicy(TinyModels.Create(seed: 2), original: null), lengthAlpha: null);
        ObjectiveResult result = new PreferenceObjective(settings, reference, chunkRows).Backward(shared, batch, VisionFeatures.Encode(shared, batch.Images), items: 2);

        Tensor loss = FullRows(full, rows, settings);
        loss.backward();
        Assert.InRange(Math.Abs(result.Loss - loss.item<float>()) / loss.item<float>(), 0, Tolerance);
        double difference = 0, norm = 0;
        foreach ((string name, Weight weight) in full.Weights)
        {
            Tensor expected = weight.Value.grad ?? zeros_like(weight.Value), actual = shared.Weights[name].Value.grad ?? zeros_like(weight.Value);
            difference += Math.Pow((expected - actual).norm().item<float>(), 2);
            norm += Math.Pow(expected.norm().item<float>(), 2);
        }
        Assert.InRange(Math.Sqrt(difference / norm), 0, Tolerance);
    }

    [Fact]
    public void A_reference_is_computed_once_a_pair_and_in_any_batch_gives_the_same_numbers()
    {
        using var scope = NewDisposeScope();
        using SmolVlmModel model = TinyModels.Create();
        VlmSample first = Pair(1, [7, 8], [9, 10, 11]), second = Pair(2, [12], [13]);
        using VlmBatch both = VlmBatch.Create([first, second], model.TokensPerTile), alone = VlmBatch.Create([second], model.TokensPerTile);
        using ReferenceLogProbabilities left = Reference(model), right = Reference(model);
        float[] Get(ReferenceLogProbabilities reference, VlmBatch batch)
            => reference.Get(model, batch, VisionFeatures.Encode(model, batch.Images), isTraining: true).data<float>().ToArray();
        float[] together = Get(left, both), single = Get(right, alone);
        Assert.Equal(together[1], single[0], Tolerance * 10);
        Assert.Equal(together[3], single[1], Tolerance * 10);
        Assert.Equal(2, left.Count);

        // In an epoch with other batches a pair keeps its bits.
        Assert.Equal([together[1], together[3]], Get(left, alone));
        Assert.Equal(1, left.Passes);

        // Features of its own vision part, which has the same weights, are the same numbers.
        using ReferenceLogProbabilities own = new(new SeparateModelPolicy(TinyModels.Create(), original: null), null);
        Assert.Equal(single[0], Get(own, alone)[0], Tolerance * 10);
    }

    [Fact]
    public void Answers_that_do_not_follow_a_prompt_and_each_other_are_refused()
    {
        VlmSample pair = Pair(1, [7, 8], [9]);
        Assert.Throws<ArgumentException>(() => VlmBatch.Create([pair with { Answers = [new(0, 2), pair.Answers[1]] }], 4));
        Assert.Throws<ArgumentException>(() => VlmBatch.Create([pair with { Answers = [pair.Answers[0]] }], 4));
        Assert.Throws<ArgumentException>(() => VlmBatch.Create([pair with { Answers = [pair.Answers[0], new(pair.Answers[1].Start + 1, 0)] }], 4));
    }

    [Fact]
    public void Prompts_that_differ_and_empty_answers_are_refused_by_row()
    {
        VlmSample prompt = Prompt(1);
        Assert.Contains("Row 1: the prompts", Assert.Throws<InvalidDataException>(() => PreferencePair.Join(Row(prompt, [7]), Row(Prompt(2), [8]))).Message);
        Assert.Contains("Row 1: the rejected answer", Assert.Throws<InvalidDataException>(() => PreferencePair.Join(Row(prompt, [7]), Row(prompt, []))).Message);
    }

    [Fact]
    public void Equal_pairs_have_equal_hashes_and_a_moved_border_another()
    {
        VlmSample pair = Pair(1, [7, 8], [9]);
        Assert.Equal(PreferencePair.ContentHash(pair), PreferencePair.ContentHash(Pair(1, [7, 8], [9])));
        Assert.NotEqual(PreferencePair.ContentHash(pair), PreferencePair.ContentHash(Pair(1, [7], [8, 9])));
        Assert.NotEqual(PreferencePair.ContentHash(pair), PreferencePair.ContentHash(pair with { Images = [TinyModels.Tiles(9, 1), TinyModels.Tiles(8, 1)] }));
    }

    private static Tensor FullRows(SmolVlmModel model, VlmSample[] rows, PreferenceSettings settings)
    {
        using SmolVlmModel other = TinyModels.Create(seed: 2);
        using AnswerTokens answers = new([(4, 2), (3, 5)]);
        Tensor Tokens(SmolVlmModel of)
        {
            using VlmBatch batch = VlmBatch.Create(rows, of.TokensPerTile);
            Tensor logits = of.Head(of.Forward(batch, VisionFeatures.Encode(of, batch.Images)).index_select(0, batch.TargetPositions));
            return logits.log_softmax(1).gather(1, batch.Targets.unsqueeze(1)).squeeze(1);
        }
        return PreferenceLoss.Compute(Tokens(model), answers, answers.Sum(Tokens(other).detach()), weights: null, settings);
    }

    private static ReferenceLogProbabilities Reference(SmolVlmModel original) => new(new SeparateModelPolicy(TinyModels.Create(), original), lengthAlpha: null);

    private static void MakeTrainable(SmolVlmModel model)
    {
        foreach (Weight weight in model.Weights.Values)
        {
            weight.MakeTrainable();
        }
    }

    /// <summary>Two images of one and two tiles, each with text behind it.</summary>
    private static VlmSample Prompt(int seed)
    {
        const int Image = TinyModels.ImageToken;
        int[] tokens = [21, Image, Image, Image, Image, 22, 23, .. Enumerable.Repeat(Image, 8), 24, 25 + seed];
        return new VlmSample(
            tokens, new bool[tokens.Length], [TinyModels.Tiles((10 * seed) + 1, 1), TinyModels.Tiles((10 * seed) + 2, 2)], [new ImageSpan(0, 1, 4), new ImageSpan(1, 7, 8)], seed);
    }

    private static VlmSample Row(VlmSample prompt, int[] answer)
        => prompt with { Tokens = [.. prompt.Tokens, .. answer], IsTarget = [.. prompt.IsTarget, .. answer.Select(_ => true)] };

    private static VlmSample Pair(int seed, int[] chosen, int[] rejected) => PreferencePair.Join(Row(Prompt(seed), chosen), Row(Prompt(seed), rejected));
}
