using Microsoft.ML.Vlm.Torch;
using static TorchSharp.torch;

namespace Microsoft.ML.Vlm.Training;

/// <summary>Losses of next-token predictions, their gradients, and what the same softmax tells besides.</summary>
internal static class TokenCrossEntropy
{
    /// <summary>
    /// With p = softmax(z) and n = logsumexp(z) - z[t] = -log p[t], in float32 and without autograd:
    /// <list type="bullet">
    /// <item>negative log-likelihood: loss n, gradient p - onehot(t);</item>
    /// <item>
    /// label smoothing ε (Szegedy et al. 2016): a part ε of the target is spread over the V tokens of the vocabulary: loss (1-ε) n + ε (logsumexp(z) - mean(z)),
    /// gradient p - (1-ε) onehot(t) - ε/V;
    /// </item>
    /// <item>dynamic fine-tuning (Wu et al. 2025): loss p[t] n where p[t] counts as a constant, gradient p[t] (p - onehot(t)).</item>
    /// </list>
    /// The entropy is logsumexp(z) - Σ p z with each of them.
    /// </summary>
    /// <param name="logits">z, <c>[positions, vocabulary]</c>, at least one position. The gradient may take their place in memory: do not read them again.</param>
    /// <param name="targets">t, int64 <c>[positions]</c>.</param>
    /// <param name="divisor">What loss and gradient are divided by.</param>
    /// <param name="loss">Which loss.</param>
    /// <returns>Sums over the positions, and the gradient in the shape and type of <paramref name="logits"/>.</returns>
    public static Result Compute(Tensor logits, Tensor targets, double divisor, TokenLoss loss = default)
    {
        using var scope = NewDisposeScope();
        using var frozen = no_grad();
        double smoothing = loss.LabelSmoothing;
        if (loss == default && logits.is_contiguous() && KernelChoice.Applies(logits))
        {
            (double sum, double entropy, long correct) = VectorKernels.CrossEntropyInPlace(logits, targets, divisor);
            return new Result(sum / divisor, entropy, correct, logits.detach().MoveToOuterDisposeScope());
        }
        Tensor z = logits.detach().to(ScalarType.Float32), t = targets.unsqueeze(1);
        Tensor logSum = z.logsumexp(1, keepdim: true);
        Tensor gradient = (z - logSum).exp_();
        Tensor losses = logSum - z.gather(1, t), entropies = logSum.squeeze(1) - (gradient * z).sum(1);
        gradient.scatter_add_(1, t, full_like(losses, smoothing - 1));
        if (smoothing > 0)
        {
            losses = (losses * (1 - smoothing)) + ((logSum - z.mean([1], keepdim: true)) * smoothing);
            gradient.sub_(smoothing / z.size(1));
        }
        if (loss.Type == SftLossType.DynamicFineTuning)
        {
            Tensor probabilities = (-losses).exp();
            losses *= probabilities;
            gradient.mul_(probabilities);
        }
        gradient.div_(divisor);
        Tensor sums = stack([losses.sum(), entropies.sum(), z.argmax(1).eq(targets).sum(ScalarType.Float32)]);
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
