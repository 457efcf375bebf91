namespace Microsoft.ML.Vlm.Evaluation;

/// <summary>Scores answers by any <see cref="VlmMetric"/>.</summary>
internal static class AnswerMetric
{
    /// <summary>Its name in reports, files and cards.</summary>
    public static string NameOf(VlmMetric metric) => metric switch
    {
        VlmMetric.RelaxedAccuracy => "relaxed_accuracy",
        VlmMetric.ExactMatch => "exact_match",
        VlmMetric.NormalizedExactMatch => "normalized_exact_match",
        VlmMetric.VqaAccuracy => "vqa_accuracy",
        VlmMetric.Anls => "anls",
        VlmMetric.MultipleChoice => "multiple_choice_accuracy",
        VlmMetric.RougeL => "rouge_l",
        VlmMetric.Cider => "cider",
        _ => throw new ArgumentOutOfRangeException(nameof(metric), metric, "Not a metric of this library."),
    };

    /// <summary>Whether scores go from 0 to 1, so that they may be shown as parts of a hundred.</summary>
    public static bool IsPart(VlmMetric metric) => metric != VlmMetric.Cider;

    /// <summary>Whether a row's score depends on the other rows.</summary>
    public static bool IsOfDataSet(VlmMetric metric) => metric == VlmMetric.Cider;

    /// <summary>Scores one row. With several right answers the best match counts (for <see cref="VlmMetric.VqaAccuracy"/> their agreement).</summary>
    /// <param name="metric">How to compare; none that needs the whole data set.</param>
    /// <param name="prediction">The whole answer of the model.</param>
    /// <param name="references">The right answers, at least one.</param>
    /// <returns>0 to 1.</returns>
    /// <exception cref="ArgumentException">No reference, or the metric needs the whole data set.</exception>
    public static double Score(VlmMetric metric, string prediction, IReadOnlyList<string> references)
        => Score(metric, new VlmAnsweredRow(0, "", references, prediction), VlmChoiceForm.Automatic);

    /// <summary>Scores one row.</summary>
    /// <param name="metric">How to compare; none that needs the whole data set.</param>
    /// <param name="row">The row.</param>
    /// <param name="form">What labels of multiple-choice questions are.</param>
    /// <exception cref="ArgumentException">No reference, or the metric needs the whole data set.</exception>
    public static double Score(VlmMetric metric, VlmAnsweredRow row, VlmChoiceForm form)
    {
        IReadOnlyList<string> references = row.References;
        if (references.Count == 0)
        {
            throw new ArgumentException($"Row {row.Row:N0} has no right answer to compare with; every row needs at least one.", nameof(row));
        }
        return metric switch
        {
            VlmMetric.RelaxedAccuracy => references.Max(reference => RelaxedAccuracy.Score(row.Response, reference)),
            VlmMetric.ExactMatch => references.Max(reference => ExactMatch.Score(row.Response, reference)),
            VlmMetric.NormalizedExactMatch => references.Max(reference => ExactMatch.NormalizedScore(row.Response, reference)),
            VlmMetric.VqaAccuracy => VqaAccuracy.Score(row.Response, references),
            VlmMetric.Anls => Anls.Score(row.Response, references),
            VlmMetric.MultipleChoice => references.Max(reference => MultipleChoice.Score(row.Response, reference, row.Choices, form)),
            VlmMetric.RougeL => RougeL.Score(row.Response, references),
            VlmMetric.Cider => throw new ArgumentException("CIDEr weighs words by how rare they are in the whole data set, so one row alone has no score. Use mlContext.Vlm().Evaluate.", nameof(metric)),
            _ => throw new ArgumentOutOfRangeException(nameof(metric), metric, "Not a metric of this library."),
        };
    }

    /// <summary>Scores all rows of a data set.</summary>
    /// <param name="metric">How to compare.</param>
    /// <param name="rows">The rows.</param>
    /// <param name="form">What labels of multiple-choice questions are.</param>
    /// <exception cref="ArgumentException">A row has no reference.</exception>
    public static double[] Scores(VlmMetric metric, IReadOnlyList<VlmAnsweredRow> rows, VlmChoiceForm form = VlmChoiceForm.Automatic)
    {
        if (!IsOfDataSet(metric))
        {
            return [.. rows.Select(row => Score(metric, row, form))];
        }
        return rows.FirstOrDefault(row => row.References.Count == 0) is { } empty
            ? throw new ArgumentException($"Row {empty.Row:N0} has no right answer to compare with; every row needs at least one.", nameof(rows))
            : Cider.Scores([.. rows.Select(row => (row.Response, row.References))]);
    }

    /// <summary>Scores a data set.</summary>
    /// <param name="metric">How to compare.</param>
    /// <param name="rows">Answer of the model and right answers of each row.</param>
    /// <exception cref="ArgumentException">A row has no reference.</exception>
    public static VlmMetrics Evaluate(VlmMetric metric, IEnumerable<(string Prediction, IReadOnlyList<string> References)> rows)
    {
        double[] scores = Scores(metric, [.. rows.Select((row, index) => new VlmAnsweredRow(index, "", row.References, row.Prediction))]);
        return new VlmMetrics(metric, scores.Length == 0 ? double.NaN : scores.Average(), scores);
    }
}
