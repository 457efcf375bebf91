using Microsoft.ML.Vlm;

namespace Charts;

/// <summary>What training on preferences brought.</summary>
/// <param name="Before">Part of the first step's pairs in which the better answer had gained on the fine-tuned model; null when the run did not report its first step.</param>
/// <param name="After">The same on unseen pairs, behind the last step.</param>
/// <param name="Accuracy">Score on the test questions.</param>
/// <param name="Seconds">Duration of the training.</param>
internal sealed record PreferenceOutcome(double? Before, double After, VlmMetrics Accuracy, double Seconds);
