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
}
