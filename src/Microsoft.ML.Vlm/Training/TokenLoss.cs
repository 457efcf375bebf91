namespace Microsoft.ML.Vlm.Training;

/// <summary>Which loss a token has. The default value is the negative log-likelihood.</summary>
/// <param name="Type">The kind.</param>
/// <param name="LabelSmoothing">Part of the target that is spread over the vocabulary, 0 to below 1; only for the negative log-likelihood.</param>
internal readonly record struct TokenLoss(SftLossType Type, double LabelSmoothing);
