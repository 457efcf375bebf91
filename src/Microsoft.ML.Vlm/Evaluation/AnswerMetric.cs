namespace Microsoft.ML.Vlm.Evaluation;

/// <summary>Scores answers by any <see cref="VlmMetric"/>.</summary>
internal static class AnswerMetric
{
    /// <summary>Scores one row. With several right answers the best match counts (for <see cref="VlmMetric.VqaAccuracy"/> their agreement).</summary>
    /// <param name="metric">How to compare.</param>
    /// <param name="prediction">The whole answer of the model.</param>
    /// <param name="references">The right answers, at least one.</param>
    /// <returns>0 to 1.</returns>
    /// <exception cref="ArgumentException">No reference.</exception>
    public static double Score(VlmMetric metric, string prediction, IReadOnlyList<string> references)
    {
        if (references.Count == 0)
        {
            throw new ArgumentException("A row has no right answer to compare with; every row needs at least one.", nameof(references));
        }
        return metric switch
        {
            VlmMetric.RelaxedAccuracy => references.Max(reference => RelaxedAccuracy.Score(prediction, reference)),
            VlmMetric.ExactMatch => references.Max(reference => ExactMatch.Score(prediction, reference)),
            VlmMetric.NormalizedExactMatch => references.Max(reference => ExactMatch.NormalizedScore(prediction, reference)),
            VlmMetric.VqaAccuracy => VqaAccuracy.Score(prediction, references),
            VlmMetric.Anls => Anls.Score(prediction, references),
            _ => throw new ArgumentOutOfRangeException(nameof(metric), metric, "Not a metric of this library."),
        };
    }

    /// <summary>Scores a data set.</summary>
    /// <param name="metric">How to compare.</param>
    /// <param name="rows">Answer of the model and right answers of each row.</param>
    /// <exception cref="ArgumentException">A row has no reference.</exception>
    public static VlmMetrics Evaluate(VlmMetric metric, IEnumerable<(string Prediction, IReadOnlyList<string> References)> rows)
    {
        double[] scores = [.. rows.Select(row => Score(metric, row.Prediction, row.References))];
        return new VlmMetrics(metric, scores.Length == 0 ? double.NaN : scores.Average(), scores);
    }
}
