using static TorchSharp.torch;

namespace Microsoft.ML.Vlm.Training;

/// <summary>Cross entropy of next-token predictions, its gradient, and what the same softmax tells besides.</summary>
internal static class TokenCrossEntropy
{
    /// <summary>
    /// With p = softmax(z): loss = logsumexp(z) - z[t]; its gradient p - onehot(t); entropy = logsumexp(z) - Σ p z. All in float32, without autograd.
    /// </summary>
    /// <param name="logits">z, <c>[positions, vocabulary]</c>, at least one position.</param>
    /// <param name="targets">t, int64 <c>[positions]</c>.</param>
    /// <param name="divisor">What loss and gradient are divided by.</param>
    /// <returns>Sums over the positions, and the gradient in the shape and type of <paramref name="logits"/>.</returns>
    public static Result Compute(Tensor logits, Tensor targets, double divisor)
    {
        using var scope = NewDisposeScope();
        using var frozen = no_grad();
        Tensor z = logits.detach().to(ScalarType.Float32), t = targets.unsqueeze(1);
        Tensor logSum = z.logsumexp(1, keepdim: true);
        Tensor gradient = (z - logSum).exp_();
        Tensor losses = logSum - z.gather(1, t), entropies = logSum.squeeze(1) - (gradient * z).sum(1);
        Tensor sums = stack([losses.sum(), entropies.sum(), z.argmax(1).eq(targets).sum(ScalarType.Float32)]);
        gradient.scatter_add_(1, t, full_like(losses, -1)).div_(divisor);
        float[] values = sums.cpu().data<float>().ToArray();
        return new Result(values[0] / divisor, values[1], (long)values[2], gradient.to(logits.dtype).MoveToOuterDisposeScope());
    }

    /// <summary>What <see cref="Compute"/> gives.</summary>
    /// <param name="Loss">Sum of the losses in nats, divided.</param>
    /// <param name="EntropySum">Sum of the entropies in nats.</param>
    /// <param name="CorrectCount">Positions where the target has the highest logit.</param>
    /// <param name="Gradient">Gradient of the divided loss by the logits.</param>
    internal readonly record struct Result(double Loss, double EntropySum, long CorrectCount, Tensor Gradient);
}
