using static TorchSharp.torch;

namespace Microsoft.ML.Vlm.Dpo;

/// <summary>What TRL's KTOTrainer logs about a batch of unpaired answers, under the same names. A batch without good or without bad answers gives no metrics of them.</summary>
internal static class UnpairedMetrics
{
    /// <summary>Estimate of the KL divergence from policy to reference, at least 0; the point from which gains and losses count.</summary>
    public const string Divergence = "kl";

    /// <summary>The metrics of a batch.</summary>
    /// <param name="pairs">Log-probabilities of the answers, and in place of the rejected ones those of other rows' answers.</param>
    /// <param name="tokens">What the policy's logits say.</param>
    /// <param name="answers">Which token belongs to which answer, and which answers are good.</param>
    /// <param name="beta">Strength of the pull to the reference.</param>
    public static IReadOnlyDictionary<string, double> Of(PairLogProbabilities pairs, TokenLogProbabilities tokens, AnswerTokens answers, double beta)
    {
        using var scope = NewDisposeScope();
        using var frozen = no_grad();
        float[] rewards = Values(pairs.ChosenRatios * beta), sums = Values(pairs.PolicyChosen);
        float[] logits = Values((answers.Sum(tokens.MeanLogits) / answers.Lengths).narrow(0, 0, answers.Pairs));
        Dictionary<string, double> metrics = new() { [Divergence] = KtoLoss.ReferencePoint(pairs.RejectedRatios) };
        foreach ((bool isGood, string reward, string sum, string logit) in new[]
        {
            (true, PreferenceMetrics.ChosenReward, PreferenceMetrics.ChosenLogProbability, PreferenceMetrics.ChosenLogit),
            (false, PreferenceMetrics.RejectedReward, PreferenceMetrics.RejectedLogProbability, PreferenceMetrics.RejectedLogit),
        })
        {
            int[] rows = [.. Enumerable.Range(0, answers.Pairs).Where(row => answers.IsDesirable[row] == isGood)];
            if (rows.Length > 0)
            {
                metrics[reward] = rows.Average(row => rewards[row]);
                metrics[sum] = rows.Average(row => sums[row]);
                metrics[logit] = rows.Average(row => logits[row]);
            }
        }
        if (metrics.TryGetValue(PreferenceMetrics.ChosenReward, out double chosen) && metrics.TryGetValue(PreferenceMetrics.RejectedReward, out double rejected))
        {
            metrics[PreferenceMetrics.Margin] = chosen - rejected;
        }
        return metrics;
    }

    private static float[] Values(Tensor tensor) => tensor.detach().to(ScalarType.Float32).cpu().data<float>().ToArray();
}
