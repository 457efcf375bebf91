namespace Charts;

/// <summary>A question on the page.</summary>
/// <param name="ImagePath">The picture's file, relative to the data folder.</param>
/// <param name="Query">The question.</param>
/// <param name="Answer">The right answer.</param>
/// <param name="Before">Answer of the base model.</param>
/// <param name="After">Answer of the trained model.</param>
/// <param name="IsRight">Whether the metric takes the latter as right.</param>
internal sealed record ReportCard(string ImagePath, string Query, string Answer, string Before, string After, bool IsRight)
{
    private const int Most = 24;

    /// <summary>The first questions with both answers, one picture at most three times.</summary>
    /// <param name="before">Answers of the base model.</param>
    /// <param name="after">Answers of the trained model to the same questions.</param>
    /// <param name="scores">What the metric says of the latter, 0 to 1.</param>
    public static IEnumerable<ReportCard> Collect(IReadOnlyList<AnsweredRow> before, IReadOnlyList<AnsweredRow> after, IReadOnlyList<double> scores)
        => Enumerable.Range(0, after.Count)
            .GroupBy(row => after[row].ImagePath)
            .SelectMany(rows => rows.Take(3))
            .Take(Most)
            .Select(row => new ReportCard(
                after[row].ImagePath, after[row].Prompt, after[row].Label, before[row].Response, after[row].Response, IsRight: scores[row] >= 0.5));
}
