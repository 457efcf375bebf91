namespace Microsoft.ML.Vlm;

/// <summary>What a comparison found for one model.</summary>
/// <param name="Name">The model's name in the comparison.</param>
/// <param name="Metrics">The task metric.</param>
/// <param name="PreferenceAccuracy">
/// Part of the pairs, 0 to 1, whose better answer has the higher total log-probability; an equal one counts as wrong. Null without preferences.
/// </param>
/// <param name="RewardAccuracy">
/// Part of the pairs, 0 to 1, on which the model moved the right way against the model before it: its log-probability ratio to that model is higher for the
/// better answer than for the worse one. What direct preference optimization logs as <c>rewards/accuracies</c> when that model is its reference (Rafailov et al.
/// 2023). Null without preferences and for the first model.
/// </param>
public sealed record VlmComparedModel(string Name, VlmMetrics Metrics, double? PreferenceAccuracy, double? RewardAccuracy);
