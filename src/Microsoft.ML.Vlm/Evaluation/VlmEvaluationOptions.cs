using Microsoft.ML.Vlm.Evaluation;

namespace Microsoft.ML.Vlm;

/// <summary>What answers are evaluated by, and on which rows.</summary>
public sealed record VlmEvaluationOptions
{
    /// <summary>
    /// The benchmark: its columns, metrics, groups, the way it puts questions and the length of its answers. Null, the default, takes columns, metrics, groups and the list of options from
    /// the task that the data is recognized as (such as ChartQA by its column <c>human_or_machine</c>), but leaves questions and generation as the model was trained with.
    /// </summary>
    public VlmTask? Task { get; init; }

    /// <summary>How answers are compared with the right ones. Null, the default, as the task has it; without a task <see cref="VlmMetric.RelaxedAccuracy"/>.</summary>
    public VlmMetric? Metric { get; init; }

    /// <summary>Metrics that are computed besides; null, the default, as the task has them.</summary>
    public IReadOnlyList<VlmMetric>? FurtherMetrics { get; init; }

    /// <summary>
    /// Metrics of your own by their names: a score for each row, the larger the better, usually 0 to 1. Without <see cref="Metric"/> and <see cref="Task"/> the first of them is the one
    /// that rows are ordered by. Default none.
    /// </summary>
    public IReadOnlyDictionary<string, Func<VlmAnsweredRow, double>> CustomMetrics { get; init; } = new Dictionary<string, Func<VlmAnsweredRow, double>>();

    /// <summary>Column with the right answer: text, or a vector of texts with several. Null, the default, as the task has it, else <c>Label</c>.</summary>
    public string? LabelColumnName { get; init; }

    /// <summary>Text column with the model's answer, in data behind a transformer. Default <c>Response</c>; not used where a model is given.</summary>
    public string ResponseColumnName { get; init; } = "Response";

    /// <summary>Text column with the question, in data behind a transformer. Default <c>Prompt</c>, which may be missing; not used where a model is given.</summary>
    public string PromptColumnName { get; init; } = "Prompt";

    /// <summary>Column with the options of multiple-choice questions; null, the default, as the task has it.</summary>
    public string? ChoicesColumnName { get; init; }

    /// <summary>Column by whose values rows are reported apart: text, number, truth value or key. Null, the default, as the task has it.</summary>
    public string? GroupColumnName { get; init; }

    /// <summary>What is put behind each question where a model is given. Null, the default, is the suffix of a given <see cref="Task"/>, and nothing without one.</summary>
    public string? PromptSuffix { get; init; }

    /// <summary>How answers are generated where a model is given. Null, the default, as the model has it, with as many tokens as a given <see cref="Task"/> allows.</summary>
    public GenerationOptions? Generation { get; init; }

    /// <summary>Rows that are evaluated, from the first on; at least 1. Null, the default, for all.</summary>
    public long? MaxRows { get; init; }

    /// <summary>
    /// Rows with images, from the first on, whose loss is compared with and without their images where a model is given (<see cref="VlmEvaluationReport.ImageDependence"/>). At least 0; 0,
    /// the default, for none. Each costs three passes.
    /// </summary>
    public int ImageDependenceRows { get; init; }

    /// <summary>Resamplings behind each interval. At least 100; default 2000.</summary>
    public int Resamples { get; init; } = 2000;

    /// <summary>Part of the resamplings that an interval covers. Above 0, below 1; default 0.95.</summary>
    public double ConfidenceLevel { get; init; } = 0.95;

    /// <summary>Rows whose pictures the page shows, the worst ones first. At least 0; default 60.</summary>
    public int ShownRows { get; init; } = 60;

    /// <summary>Seed of the resampling: the same seed gives the same intervals. Default 1.</summary>
    public int Seed { get; init; } = 1;

    /// <summary>Told behind each batch of answers, on the thread that computes, where a model is given. Null, the default, for nobody.</summary>
    public IProgress<VlmEvaluationProgress>? Progress { get; init; }

    /// <summary>Throws for a value out of its range.</summary>
    /// <exception cref="ArgumentException">Names the option, its value and its range.</exception>
    public void Validate()
    {
        foreach (VlmMetric metric in new[] { Metric, Task?.Metric }.OfType<VlmMetric>().Concat(FurtherMetrics ?? []).Concat(Task?.FurtherMetrics ?? []))
        {
            if (!Enum.IsDefined(metric))
            {
                throw new ArgumentOutOfRangeException(nameof(Metric), metric, "Not a metric of this library.");
            }
        }
        HashSet<string> names = [.. Enum.GetValues<VlmMetric>().Select(AnswerMetric.NameOf)];
        foreach ((string name, Func<VlmAnsweredRow, double> score) in CustomMetrics)
        {
            if (string.IsNullOrWhiteSpace(name) || names.Contains(name) || score is null)
            {
                throw new ArgumentException($"CustomMetrics has an entry '{name}' whose name is empty or that of a metric of this library, or that is null. Give it another name.", nameof(CustomMetrics));
            }
        }
        ArgumentException.ThrowIfNullOrWhiteSpace(ResponseColumnName);
        ArgumentException.ThrowIfNullOrWhiteSpace(PromptColumnName);
        ArgumentOutOfRangeException.ThrowIfLessThan(MaxRows ?? 1, 1, nameof(MaxRows));
        ArgumentOutOfRangeException.ThrowIfNegative(ImageDependenceRows);
        ArgumentOutOfRangeException.ThrowIfLessThan(Resamples, 100);
        ArgumentOutOfRangeException.ThrowIfNegative(ShownRows);
        if (!(ConfidenceLevel > 0 && ConfidenceLevel < 1))
        {
            throw new ArgumentOutOfRangeException(nameof(ConfidenceLevel), ConfidenceLevel, "ConfidenceLevel must be above 0 and below 1.");
        }
        Generation?.Validate();
    }
}
