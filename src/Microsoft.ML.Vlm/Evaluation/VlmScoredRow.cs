namespace Microsoft.ML.Vlm;

/// <summary>A row of an evaluation with its scores.</summary>
/// <param name="Answer">What was asked, what is right, what the model answered.</param>
/// <param name="Scores">The score of each metric by its name.</param>
public sealed record VlmScoredRow(VlmAnsweredRow Answer, IReadOnlyDictionary<string, double> Scores)
{
    /// <summary>The row's pictures as PNG files when the page shows the row, else null.</summary>
    internal IReadOnlyList<byte[]>? Pictures { get; init; }
}
