using static TorchSharp.torch;

namespace Microsoft.ML.Vlm.Dpo;

/// <summary>What TRL's DPOTrainer logs about a batch of pairs, under the same names.</summary>
internal static class PreferenceMetrics
{
    /// <summary>Mean reward of chosen answers: beta times their log-ratio.</summary>
    public const string ChosenReward = "rewards/chosen";

    /// <summary>Mean reward of rejected answers.</summary>
    public const string RejectedReward = "rewards/rejected";

    /// <summary>Part of the pairs whose chosen answer has the higher reward. 0 before the first step, where all rewards are 0.</summary>
    public const string Accuracy = "rewards/accuracies";

    /// <summary>Mean difference of the rewards of chosen and rejected answers.</summary>
    public const string Margin = "rewards/margins";

    /// <summary>Mean summed log-probability of chosen answers.</summary>
    public const string ChosenLogProbability = "logps/chosen";

    /// <summary>Mean summed log-probability of rejected answers.</summary>
    public const string RejectedLogProbability = "logps/rejected";

    /// <summary>Mean logit over the tokens of chosen answers and the vocabulary.</summary>
    public const string ChosenLogit = "logits/chosen";

    /// <summary>Mean logit over the tokens of rejected answers and the vocabulary.</summary>
    public const string RejectedLogit = "logits/rejected";

    /// <summary>The metrics of a batch. Rewards follow from the log-ratios, whatever the divergence.</summary>
    /// <param name="pairs">Log-probabilities of the answers.</param>
    /// <param name="tokens">What the policy's logits say.</param>
    /// <param name="answers">Which token belongs to which answer.</param>
    /// <param name="beta">Strength of the pull to the reference.</param>
    public static IReadOnlyDictionary<string, double> Of(PairLogProbabilities pairs, TokenLogProbabilities tokens, AnswerTokens answers, double beta)
    {
        using var scope = NewDisposeScope();
        using var frozen = no_grad();
        Tensor chosen = pairs.ChosenRatios.detach() * beta, rejected = pairs.RejectedRatios.detach() * beta, isRejected = answers.IsChosen.logical_not();
        (string Key, Tensor Value)[] values =
        [
            (ChosenReward, chosen.mean()), (RejectedReward, rejected.mean()), (Accuracy, chosen.gt(rejected).to(ScalarType.Float32).mean()),
            (Margin, (chosen - rejected).mean()), (ChosenLogProbability, pairs.PolicyChosen.mean()), (RejectedLogProbability, pairs.PolicyRejected.mean()),
            (ChosenLogit, tokens.MeanLogits.masked_select(answers.IsChosen).mean()), (RejectedLogit, tokens.MeanLogits.masked_select(isRejected).mean()),
        ];
        float[] numbers = stack(values.Select(entry => entry.Value.detach())).cpu().data<float>().ToArray();
        return values.Zip(numbers).ToDictionary(entry => entry.First.Key, entry => (double)entry.Second);
    }
}
