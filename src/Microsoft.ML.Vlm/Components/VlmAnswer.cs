namespace Microsoft.ML.Vlm.Components;

/// <summary>What was computed for a row.</summary>
/// <param name="Response">The generated answer, or null when it was not asked for.</param>
/// <param name="Score">Mean log-probability of the label or the response, or NaN when it was not asked for.</param>
internal readonly record struct VlmAnswer(string? Response, float Score);
