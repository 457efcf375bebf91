namespace Microsoft.ML.Vlm.Generation;

/// <summary>An answer of the model.</summary>
/// <param name="Text">The text, without special tokens and cut before a stop sequence.</param>
/// <param name="Tokens">All tokens the model gave, the end token included.</param>
/// <param name="StopReason">Why it ended.</param>
/// <param name="MeanLogProbability">Mean of the tokens' natural log-probabilities by the model's own distribution (before temperature, penalty and filters).</param>
internal sealed record GeneratedText(string Text, IReadOnlyList<int> Tokens, StopReason StopReason, double MeanLogProbability);
