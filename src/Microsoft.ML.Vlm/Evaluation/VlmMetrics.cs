using Microsoft.ML.Vlm.Evaluation;
using Microsoft.ML.Vlm.Notebooks;

namespace Microsoft.ML.Vlm;

/// <summary>What an evaluation found.</summary>
/// <param name="Metric">How answers were compared.</param>
/// <param name="Score">Mean over all rows, 0 to 1 (<see cref="VlmMetric.Cider"/>: 0 to 10); not a number when there are none.</param>
/// <param name="RowScores">The score of each row, in the order of the data.</param>
[TypeFormatterSource(typeof(NotebookFormats), PreferredMimeTypes = [NotebookFormats.Text])]
public sealed record VlmMetrics(VlmMetric Metric, double Score, IReadOnlyList<double> RowScores)
{
    /// <summary>Number of rows.</summary>
    public int Count => RowScores.Count;

    /// <summary>Such as <c>RelaxedAccuracy 93.1 % of 1000 rows</c>.</summary>
    public override string ToString()
        => AnswerMetric.IsPart(Metric) ? FormattableString.Invariant($"{Metric} {100 * Score:0.0} % of {Count} rows") : FormattableString.Invariant($"{Metric} {Score:0.000} on {Count} rows");
}
