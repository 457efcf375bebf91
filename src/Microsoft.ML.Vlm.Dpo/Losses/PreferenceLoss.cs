using static TorchSharp.torch;

namespace Microsoft.ML.Vlm.Dpo;

/// <summary>The loss of a batch of pairs: the weighted sum of the chosen losses, each the mean over the pairs.</summary>
internal static class PreferenceLoss
{
    /// <summary>The loss as a function of the log-probabilities of the answers' tokens, through which autograd goes back.</summary>
    /// <param name="tokens">Log-probabilities under the policy, float32 <c>[tokens]</c>, in the order of <paramref name="answers"/>.</param>
    /// <param name="answers">Which token belongs to which answer.</param>
    /// <param name="reference">Summed log-probabilities under the reference, <c>[2 pairs]</c>; zeros where no loss needs a reference.</param>
    /// <param name="weights">What <see cref="PolicyWeights"/> gives, <c>[pairs]</c>; null for 1.</param>
    /// <param name="settings">The losses.</param>
    /// <returns>A scalar.</returns>
    public static Tensor Compute(Tensor tokens, AnswerTokens answers, Tensor reference, Tensor? weights, PreferenceSettings settings)
    {
        PairLogProbabilities pairs = Sum(tokens, answers, reference, settings);
        if (settings.Unpaired is var (desirable, undesirable))
        {
            Tensor isDesirable = tensor([.. answers.IsDesirable], device: tokens.device);
            return KtoLoss.Compute(pairs.ChosenRatios, isDesirable, KtoLoss.ReferencePoint(pairs.RejectedRatios), settings.Beta, desirable, undesirable).mean();
        }
        Tensor total = zeros([], device: tokens.device);
        for (int index = 0; index < settings.LossTypes.Count; index++)
        {
            Tensor losses = settings.LossTypes[index] == DpoLossType.Sft ? Supervised(tokens, answers) : Of(settings.LossTypes[index], pairs, settings);
            total += (weights is null ? losses : losses * weights).mean() * settings.WeightOf(index);
        }
        return total;
    }

    /// <summary>The log-probabilities of whole answers.</summary>
    public static PairLogProbabilities Sum(Tensor tokens, AnswerTokens answers, Tensor reference, PreferenceSettings settings)
    {
        Tensor policy = answers.Sum(tokens, settings.LengthAlpha);
        long count = answers.Pairs;
        Tensor Chosen(Tensor both) => both.narrow(0, 0, count);
        Tensor Rejected(Tensor both) => both.narrow(0, count, count);
        return new PairLogProbabilities(Chosen(policy), Rejected(policy), Chosen(reference), Rejected(reference), Chosen(answers.Lengths), Rejected(answers.Lengths));
    }

    /// <summary>
    /// Weights of weighted preference optimization (Zhou et al. 2024): for both answers of a pair exp(mean over the tokens of log p - log Σ p²), multiplied. Constants for
    /// the gradient.
    /// </summary>
    /// <param name="tokens">log p, <c>[tokens]</c>.</param>
    /// <param name="logSquares">log Σ p² over the vocabulary, <c>[tokens]</c>.</param>
    /// <param name="answers">Which token belongs to which answer.</param>
    /// <returns><c>[pairs]</c>.</returns>
    public static Tensor PolicyWeights(Tensor tokens, Tensor logSquares, AnswerTokens answers)
    {
        using var scope = NewDisposeScope();
        using var frozen = no_grad();
        Tensor weights = (answers.Sum(tokens - logSquares) / answers.Lengths).exp();
        return (weights.narrow(0, 0, answers.Pairs) * weights.narrow(0, answers.Pairs, answers.Pairs)).MoveToOuterDisposeScope();
    }

    private static Tensor Supervised(Tensor tokens, AnswerTokens answers) => -tokens.masked_select(answers.IsChosen).mean();

    private static Tensor Of(DpoLossType type, PairLogProbabilities p, PreferenceSettings settings)
    {
        double beta = settings.Beta, epsilon = settings.LabelSmoothing;
        Tensor u = p.ChosenRatios, v = p.RejectedRatios;
        Tensor c = DivergenceScore.Of(u, settings.Divergence, settings.DivergenceAlpha), r = DivergenceScore.Of(v, settings.Divergence, settings.DivergenceAlpha);
        return type switch
        {
            DpoLossType.Sigmoid => DpoLoss.Sigmoid(c, r, beta),
            DpoLossType.Hinge => DpoLoss.Hinge(c, r, beta),
            DpoLossType.Ipo => DpoLoss.Ipo(c, r, p.ChosenLengths, p.RejectedLengths, beta),
            DpoLossType.ExoPair => DpoLoss.ExoPair(c, r, beta, epsilon),
            DpoLossType.NcaPair => DpoLoss.NcaPair(c, r, beta),
            DpoLossType.Robust => DpoLoss.Robust(c, r, beta, epsilon),
            DpoLossType.BcoPair => DpoLoss.BcoPair(c, r, beta),
            DpoLossType.SppoHard => DpoLoss.SppoHard(c, r, beta),
            DpoLossType.Aot => DpoLoss.Aot(p.PolicyChosen - p.PolicyRejected, p.ReferenceChosen - p.ReferenceRejected, beta, epsilon),
            DpoLossType.AotUnpaired => DpoLoss.Aot(u, v, beta, epsilon),
            DpoLossType.ApoZero => DpoLoss.ApoZero(u, v, beta),
            DpoLossType.ApoDown => DpoLoss.ApoDown(u, c, r, beta),
            DpoLossType.DiscoPop => DpoLoss.DiscoPop(c, r, beta, settings.DiscoPopTau),
            DpoLossType.SigmoidNorm => DpoLoss.SigmoidNorm(c, r, p.ChosenLengths, p.RejectedLengths, beta),
            DpoLossType.SimPo => ReferenceFreeLoss.SimPo(p.PolicyChosen / p.ChosenLengths, p.PolicyRejected / p.RejectedLengths, beta, settings.SimPoGamma, epsilon),
            DpoLossType.Cpo => ReferenceFreeLoss.Cpo(p.PolicyChosen, p.PolicyRejected, beta, epsilon),
            DpoLossType.Orpo => ReferenceFreeLoss.Orpo(p.PolicyChosen / p.ChosenLengths, p.PolicyRejected / p.RejectedLengths, beta),
            _ => throw new ArgumentOutOfRangeException(nameof(type), type, "Not a loss of this library."),
        };
    }
}
