namespace Microsoft.ML.Vlm;

/// <summary>How one model differs from another on the same rows.</summary>
/// <param name="From">Name of the model that is compared with.</param>
/// <param name="To">Name of the model that is compared; positive differences are in its favour.</param>
/// <param name="Score">Difference of the task metric.</param>
/// <param name="Preference">Difference of the preference accuracy; null without preferences.</param>
public sealed record VlmDifference(string From, string To, VlmInterval Score, VlmInterval? Preference);
