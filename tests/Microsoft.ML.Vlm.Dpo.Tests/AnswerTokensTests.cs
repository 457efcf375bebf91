using static TorchSharp.torch;

namespace Microsoft.ML.Vlm.Dpo.Tests;

public sealed class AnswerTokensTests
{
    [Fact]
    public void Tokens_are_summed_by_answer_and_excess_ones_count_less()
    {
        using var scope = NewDisposeScope();
        // Pair 0: chosen 1 2, rejected 3; pair 1: chosen 4, rejected 5 6 7.
        using AnswerTokens answers = new([(2, 1), (1, 3)]);
        Tensor values = tensor(new[] { 1f, 2, 3, 4, 5, 6, 7 });
        Assert.Equal([3f, 4, 3, 18], answers.Sum(values).data<float>().ToArray());
        Assert.Equal([2f, 4, 3, 11.5f], answers.Sum(values, lengthAlpha: 0.5).data<float>().ToArray());
        Assert.Equal([2f, 1, 1, 3], answers.Lengths.data<float>().ToArray());
        Assert.Equal([true, true, false, true, false, false, false], answers.IsChosen.data<bool>().ToArray());
    }

    [Fact]
    public void Weights_of_a_pair_are_those_of_its_answers_multiplied_and_constant()
    {
        using var scope = NewDisposeScope();
        using AnswerTokens answers = new([(2, 1)]);
        Tensor tokens = tensor(new[] { -1f, -3, -2 }, requires_grad: true), squares = tensor(new[] { -1f, -1, -0.5f });
        // exp(mean(0, -2)) * exp(-1.5).
        Tensor weights = PreferenceLoss.PolicyWeights(tokens, squares, answers);
        Assert.Equal(Math.Exp(-2.5), weights.item<float>(), 6);
        Assert.False(weights.requires_grad);
    }

    [Fact]
    public void Losses_are_added_by_their_weights_and_the_supervised_one_is_a_mean_over_tokens()
    {
        using var scope = NewDisposeScope();
        using AnswerTokens answers = new([(2, 1), (1, 1)]);
        Tensor tokens = tensor(new[] { -1f, -2, -1, -6, -1 });
        PreferenceSettings settings = new() { LossTypes = [DpoLossType.Sft, DpoLossType.Hinge], LossWeights = [2, 0.5], Beta = 1 };
        // Chosen tokens -1 -2 -6: mean 3. Hinge: 1 - (-3 + 1) = 3 and 1 - (-6 + 1) = 6: mean 4.5.
        Assert.Equal(6 + 2.25, PreferenceLoss.Compute(tokens, answers, zeros(4), weights: null, settings).item<float>(), 5);
    }

    [Fact]
    public void Token_statistics_follow_from_the_softmax_and_their_gradient_is_autograds()
    {
        using var scope = NewDisposeScope();
        // softmax(0, ln 3) = (1/4, 3/4).
        Tensor logits = tensor(new float[,] { { 0, MathF.Log(3) } }).requires_grad_(true), tokens = tensor(new long[] { 0 });
        TokenLogProbabilities result = TokenLogProbabilities.Of(logits, tokens);
        Assert.Equal(Math.Log(0.25), result.Values.item<float>(), 6);
        Assert.Equal(Math.Log(0.625), result.LogSquares.item<float>(), 6);
        Assert.Equal((0.25 * Math.Log(4)) + (0.75 * Math.Log(4.0 / 3)), result.Entropies.item<float>(), 6);
        Assert.Equal(Math.Log(3) / 2, result.MeanLogits.item<float>(), 6);
        Assert.Equal(0, result.Hits.item<float>());
        Assert.Equal(result.Values.item<float>(), TokenLogProbabilities.ValuesOf(logits, tokens).item<float>(), 6);
        (logits.log_softmax(1).gather(1, tokens.unsqueeze(1)).squeeze(1) * 5).sum().backward();
        Assert.True(allclose(logits.grad!, TokenLogProbabilities.Gradient(logits, tokens, tensor(new[] { 5f })), rtol: 0, atol: 1e-6));
    }
}
