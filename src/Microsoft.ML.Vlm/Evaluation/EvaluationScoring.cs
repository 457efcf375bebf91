namespace Microsoft.ML.Vlm.Evaluation;

/// <summary>Scores answered rows by several metrics, with intervals and by groups. A pure function of the rows and the options.</summary>
/// <param name="options">Metrics and intervals; validated.</param>
/// <param name="task">What the options leave open.</param>
internal sealed class EvaluationScoring(VlmEvaluationOptions options, VlmTask task)
{
    /// <summary>Scores.</summary>
    /// <param name="rows">At least one row.</param>
    /// <exception cref="ArgumentException">A row has no right answer, or one that names no option.</exception>
    /// <exception cref="InvalidOperationException">There are no rows, or a metric of the user fails on a row.</exception>
    public VlmEvaluationReport Score(IReadOnlyList<VlmAnsweredRow> rows)
    {
        if (rows.Count == 0)
        {
            throw new InvalidOperationException("The data has no rows to evaluate. A split of few rows, or by few keys, may leave none: take a larger testFraction.");
        }
        List<(string Name, bool IsPart, double[] Scores)> metrics =
        [
            .. Metrics().Distinct().Select(metric => (AnswerMetric.NameOf(metric), AnswerMetric.IsPart(metric), AnswerMetric.Scores(metric, rows, task.ChoiceForm))),
            .. options.CustomMetrics.Select(metric => (metric.Key, false, rows.Select(row => Custom(metric.Key, metric.Value, row)).ToArray())),
        ];
        return new VlmEvaluationReport
        {
            Task = task.Name,
            ConfidenceLevel = options.ConfidenceLevel,
            Metrics = [.. metrics.Select(metric => Result(metric.Name, metric.IsPart, metric.Scores, rows, options))],
            Rows = [.. rows.Select((row, index) => new VlmScoredRow(row, metrics.ToDictionary(metric => metric.Name, metric => metric.Scores[index])))],
        };
    }

    /// <summary>The mean of scores and its bootstrap interval.</summary>
    /// <param name="scores">At least one.</param>
    /// <param name="options">Resamplings, confidence, seed.</param>
    public static VlmScore Mean(double[] scores, VlmEvaluationOptions options)
    {
        VlmInterval interval = PairedBootstrap.Interval(new double[scores.Length], scores, options.Resamples, options.ConfidenceLevel, options.Seed);
        return new VlmScore(interval.Difference, interval.Low, interval.High, scores.Length);
    }

    /// <summary>An evaluation with one more metric, of scores that came from elsewhere.</summary>
    /// <param name="report">The evaluation.</param>
    /// <param name="name">The metric's name; one of the same name is replaced.</param>
    /// <param name="scores">A score a row, 0 to 1.</param>
    public static VlmEvaluationReport Add(VlmEvaluationReport report, string name, double[] scores)
    {
        VlmMetricResult added = Result(name, isPart: true, scores, [.. report.Rows.Select(row => row.Answer)], new VlmEvaluationOptions { ConfidenceLevel = report.ConfidenceLevel });
        return report with
        {
            Metrics = [.. report.Metrics.Where(metric => metric.Name != name), added],
            Rows = [.. report.Rows.Select((row, index) => row with { Scores = new Dictionary<string, double>(row.Scores) { [name] = scores[index] } })],
        };
    }

    private static VlmMetricResult Result(string name, bool isPart, double[] scores, IReadOnlyList<VlmAnsweredRow> rows, VlmEvaluationOptions options)
    {
        IEnumerable<string> groups = rows.Select(row => row.Group).OfType<string>().Distinct().Order(StringComparer.Ordinal);
        return new VlmMetricResult(
            name, Mean(scores, options), groups.ToDictionary(group => group, group => Mean([.. scores.Where((_, index) => rows[index].Group == group)], options)))
        { IsPart = isPart };
    }

    private IEnumerable<VlmMetric> Metrics()
    {
        bool isCustom = options.CustomMetrics.Count > 0 && options.Metric is null && options.Task is null;
        return [.. isCustom ? [] : (VlmMetric[])[options.Metric ?? task.Metric], .. options.FurtherMetrics ?? (isCustom ? [] : task.FurtherMetrics)];
    }

    private static double Custom(string name, Func<VlmAnsweredRow, double> score, VlmAnsweredRow row)
    {
        try
        {
            return score(row);
        }
        catch (Exception error) when (error is not OperationCanceledException)
        {
            throw new InvalidOperationException($"The metric '{name}' fails on row {row.Row:N0}: {error.Message}", error);
        }
    }
}
