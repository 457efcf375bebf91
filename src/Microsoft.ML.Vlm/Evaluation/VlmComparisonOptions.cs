using Microsoft.ML.Vlm.Evaluation;

namespace Microsoft.ML.Vlm;

/// <summary>What models are compared by.</summary>
public sealed record VlmComparisonOptions
{
    /// <summary>Column with the right answer: text, or a vector of texts with several. Default <c>Label</c>.</summary>
    public string LabelColumnName { get; init; } = "Label";

    /// <summary>How answers are compared with the right ones. Default <see cref="VlmMetric.RelaxedAccuracy"/>.</summary>
    public VlmMetric Metric { get; init; } = VlmMetric.RelaxedAccuracy;

    /// <summary>Text column with the better answer of a pair; null, the default, leaves preferences out. Needs <see cref="RejectedColumnName"/>.</summary>
    public string? ChosenColumnName { get; init; }

    /// <summary>Text column with the worse answer of a pair; null, the default, leaves preferences out. Needs <see cref="ChosenColumnName"/>.</summary>
    public string? RejectedColumnName { get; init; }

    /// <summary>Resamplings behind each interval. At least 100; default 2000.</summary>
    public int Resamples { get; init; } = 2000;

    /// <summary>Part of the resamplings that an interval covers. Above 0, below 1; default 0.95.</summary>
    public double ConfidenceLevel { get; init; } = 0.95;

    /// <summary>Rows whose pictures and answers the page shows; those on which the models differ come first. At least 0; default 60.</summary>
    public int ShownRows { get; init; } = 60;

    /// <summary>Seed of the resampling: the same seed gives the same intervals. Default 1.</summary>
    public int Seed { get; init; } = 1;

    /// <summary>Throws for a value out of its range.</summary>
    /// <exception cref="ArgumentException">Names the option, its value and its range.</exception>
    public void Validate()
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(LabelColumnName);
        if (ChosenColumnName is null != RejectedColumnName is null)
        {
            throw new ArgumentException(
                $"Preferences need both columns: ChosenColumnName is '{ChosenColumnName}', RejectedColumnName is '{RejectedColumnName}'. Give both, or neither.", nameof(ChosenColumnName));
        }
        if (!Enum.IsDefined(Metric))
        {
            throw new ArgumentOutOfRangeException(nameof(Metric), Metric, "Not a metric of this library.");
        }
        if (AnswerMetric.IsOfDataSet(Metric))
        {
            throw new ArgumentException($"{Metric} weighs words by the whole data set, and a comparison looks at row by row: evaluate each model with it instead.", nameof(Metric));
        }
        ArgumentOutOfRangeException.ThrowIfLessThan(Resamples, 100);
        ArgumentOutOfRangeException.ThrowIfNegative(ShownRows);
        if (!(ConfidenceLevel > 0 && ConfidenceLevel < 1))
        {
            throw new ArgumentOutOfRangeException(nameof(ConfidenceLevel), ConfidenceLevel, "ConfidenceLevel must be above 0 and below 1.");
        }
    }
}
