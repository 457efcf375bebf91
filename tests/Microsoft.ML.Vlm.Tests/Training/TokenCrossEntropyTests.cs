using Microsoft.ML.Vlm.Training;
using static TorchSharp.torch;

namespace Microsoft.ML.Vlm.Tests.Training;

public sealed class TokenCrossEntropyTests
{
    [Fact]
    public void Loss_entropy_and_gradient_follow_from_the_softmax()
    {
        using var scope = NewDisposeScope();
        // softmax(0, ln 3) = (1/4, 3/4), softmax(0, 0) = (1/2, 1/2). Targets 0 and 1.
        Tensor logits = tensor(new float[,] { { 0, MathF.Log(3) }, { 0, 0 } });
        TokenCrossEntropy.Result result = TokenCrossEntropy.Compute(logits, tensor(new long[] { 0, 1 }), divisor: 2);
        Assert.Equal((Math.Log(4) + Math.Log(2)) / 2, result.Loss, 6);
        Assert.Equal((0.25 * Math.Log(4)) + (0.75 * Math.Log(4.0 / 3)) + Math.Log(2), result.EntropySum, 6);
        Assert.Equal([-0.375f, 0.375f, 0.25f, -0.25f], result.Gradient.data<float>().ToArray(), new Tolerance(1e-6f));
    }

    [Fact]
    public void Targets_with_the_highest_logit_are_counted()
    {
        using var scope = NewDisposeScope();
        Tensor logits = tensor(new float[,] { { 1, 2, 0 }, { 3, 2, 1 }, { 0, 0, 5 } });
        Assert.Equal(2, TokenCrossEntropy.Compute(logits, tensor(new long[] { 1, 1, 2 }), 1).CorrectCount);
    }

    [Fact]
    public void Large_logits_do_not_overflow()
    {
        using var scope = NewDisposeScope();
        TokenCrossEntropy.Result result = TokenCrossEntropy.Compute(tensor(new float[,] { { 1000, 0 } }), tensor(new long[] { 1 }), 1);
        Assert.Equal(1000, result.Loss, 3);
        Assert.Equal(0, result.EntropySum, 6);
    }

    [Fact]
    public void Half_precision_logits_are_reduced_in_float_and_get_a_gradient_of_their_type()
    {
        using var scope = NewDisposeScope();
        TokenCrossEntropy.Result result = TokenCrossEntropy.Compute(zeros(1, 512, dtype: ScalarType.BFloat16), tensor(new long[] { 7 }), 1);
        Assert.Equal(Math.Log(512), result.Loss, 5);
        Assert.Equal(ScalarType.BFloat16, result.Gradient.dtype);
    }

    [Fact]
    public void Label_smoothing_spreads_a_part_of_the_target_over_the_vocabulary()
    {
        using var scope = NewDisposeScope();
        // softmax(0, ln 3) = (1/4, 3/4): -log p = (ln 4, ln 4/3). Target 0, a fifth spread: 0.8 ln 4 + 0.2 (ln 4 + ln 4/3) / 2; gradient p - (0.9, 0.1).
        Tensor logits = tensor(new float[,] { { 0, MathF.Log(3) } });
        TokenCrossEntropy.Result result = TokenCrossEntropy.Compute(logits, tensor(new long[] { 0 }), divisor: 1, new TokenLoss(SftLossType.NegativeLogLikelihood, 0.2));
        Assert.Equal((0.9 * Math.Log(4)) + (0.1 * Math.Log(4.0 / 3)), result.Loss, 6);
        Assert.Equal([-0.65f, 0.65f], result.Gradient.data<float>().ToArray(), new Tolerance(1e-6f));
        Assert.Equal((0.25 * Math.Log(4)) + (0.75 * Math.Log(4.0 / 3)), result.EntropySum, 6);
    }

    [Fact]
    public void Dynamic_fine_tuning_weighs_each_token_by_its_probability()
    {
        using var scope = NewDisposeScope();
        // p of the targets: 1/4 and 3/4. Loss -p log p; gradient p (p - onehot).
        Tensor logits = tensor(new float[,] { { 0, MathF.Log(3) }, { 0, MathF.Log(3) } });
        TokenCrossEntropy.Result result = TokenCrossEntropy.Compute(logits, tensor(new long[] { 0, 1 }), divisor: 2, new TokenLoss(SftLossType.DynamicFineTuning, 0));
        Assert.Equal(((0.25 * Math.Log(4)) + (0.75 * Math.Log(4.0 / 3))) / 2, result.Loss, 6);
        Assert.Equal([0.25f * -0.75f / 2, 0.25f * 0.75f / 2, 0.75f * 0.25f / 2, 0.75f * -0.25f / 2], result.Gradient.data<float>().ToArray(), new Tolerance(1e-6f));
    }

    [Theory]
    [InlineData(SftLossType.NegativeLogLikelihood, 0)]
    [InlineData(SftLossType.NegativeLogLikelihood, 0.3)]
    [InlineData(SftLossType.DynamicFineTuning, 0)]
    public void The_gradient_is_that_of_autograd(SftLossType type, double smoothing)
    {
        using var scope = NewDisposeScope();
        using Generator generator = new(2);
        Tensor logits = randn(5, 9, generator: generator).requires_grad_(true), targets = tensor(new long[] { 0, 8, 3, 3, 1 });
        Tensor losses = nn.functional.cross_entropy(logits, targets, reduction: nn.Reduction.None);
        Tensor expected = type == SftLossType.DynamicFineTuning
            ? ((-losses).exp().detach() * losses).sum() / 3
            : (((1 - smoothing) * losses.sum()) - (smoothing * logits.log_softmax(1).mean([1]).sum())) / 3;
        expected.backward();
        TokenCrossEntropy.Result result = TokenCrossEntropy.Compute(logits, targets, 3, new TokenLoss(type, smoothing));
        Assert.Equal(expected.item<float>(), result.Loss, 5);
        Assert.True(allclose(logits.grad!, result.Gradient, rtol: 0, atol: 1e-6));
    }
}
