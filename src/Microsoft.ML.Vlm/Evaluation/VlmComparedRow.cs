namespace Microsoft.ML.Vlm;

/// <summary>A row that several models answered.</summary>
/// <param name="Row">Row in the data, counted from 0.</param>
/// <param name="Question">The text of the prompt.</param>
/// <param name="References">The right answers.</param>
/// <param name="Answers">The answer of each model.</param>
/// <param name="Scores">Its score by the task metric, 0 to 1, for each model.</param>
/// <param name="Margins">
/// For each model the total log-probability of the better answer less that of the worse one, in nats; empty without preferences.
/// </param>
public sealed record VlmComparedRow(
    long Row, string Question, IReadOnlyList<string> References, IReadOnlyList<string> Answers, IReadOnlyList<double> Scores, IReadOnlyList<double> Margins)
{
    /// <summary>Whether the models' scores differ.</summary>
    public bool IsContested => Scores.Distinct().Count() > 1;

    /// <summary>The row's pictures as PNG files when the page shows the row, else null.</summary>
    internal IReadOnlyList<byte[]>? Pictures { get; init; }
}
