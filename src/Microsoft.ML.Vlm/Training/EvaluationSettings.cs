namespace Microsoft.ML.Vlm.Training;

/// <summary>When a run is evaluated, and what follows from it. Names in brackets are those of TRL.</summary>
internal sealed record EvaluationSettings
{
    private const string KeyPrefix = "eval_";

    /// <summary>When (<c>eval_strategy</c>). Default <see cref="EvalStrategy.Epoch"/>.</summary>
    public EvalStrategy Strategy { get; init; } = EvalStrategy.Epoch;

    /// <summary>Steps between two evaluations (<c>eval_steps</c>). At least 1; default 10.</summary>
    public int Steps { get; init; } = 10;

    /// <summary>Rows computed at once (<c>per_device_eval_batch_size</c>). At least 1; default 8.</summary>
    public int BatchSize { get; init; } = 8;

    /// <summary>Metric by which evaluations are compared, with or without <c>eval_</c> (<c>metric_for_best_model</c>). Default <c>loss</c>.</summary>
    public string Metric { get; init; } = "loss";

    /// <summary>Whether larger is better (<c>greater_is_better</c>); null, the default: unless the metric's name ends with <c>loss</c>.</summary>
    public bool? GreaterIsBetter { get; init; }

    /// <summary>Whether the best evaluation's weights are the result (<c>load_best_model_at_end</c>). Default false.</summary>
    public bool LoadsBest { get; init; }

    /// <summary>Evaluations without improvement behind which the run stops (<c>early_stopping_patience</c>); null, the default, for none.</summary>
    public int? Patience { get; init; }

    /// <summary>How much counts as improvement (<c>early_stopping_threshold</c>). Default 0.</summary>
    public double Threshold { get; init; }

    /// <summary>The metric's key, which begins with <c>eval_</c>.</summary>
    public string MetricKey => Metric.StartsWith(KeyPrefix, StringComparison.Ordinal) ? Metric : KeyPrefix + Metric;

    private bool LargerIsBetter => GreaterIsBetter ?? !Metric.EndsWith("loss", StringComparison.Ordinal);

    /// <summary>Whether the run is evaluated behind a step.</summary>
    /// <param name="step">Steps done.</param>
    /// <param name="totalSteps">Steps of the run.</param>
    /// <param name="endsEpoch">Whether a pass over the data ended with it.</param>
    public bool IsDue(int step, int totalSteps, bool endsEpoch) => Strategy switch
    {
        EvalStrategy.Steps => step % Steps == 0 || step == totalSteps,
        EvalStrategy.Epoch => endsEpoch || step == totalSteps,
        _ => false,
    };

    /// <summary>Whether a value is better than the best one before it.</summary>
    /// <param name="value">The new value.</param>
    /// <param name="best">The best one, or null for none.</param>
    public bool IsBetter(double value, double? best) => best is not double before || (LargerIsBetter ? value > before : value < before);

    /// <summary>Whether a value is better by more than the threshold, which is what patience is measured by.</summary>
    /// <param name="value">The new value.</param>
    /// <param name="best">The best one, or null for none.</param>
    public bool Improves(double value, double? best) => IsBetter(value, best) && (best is not double before || Math.Abs(value - before) > Threshold);
}
