namespace Microsoft.ML.Vlm;

/// <content>Evaluation while training, the best model, stopping early.</content>
public abstract partial class VlmTrainingOptions
{
    /// <summary>
    /// Data that is evaluated while training, never trained on (<c>eval_dataset</c>): it needs the columns of the training data as the estimator sees them, so behind
    /// transforms such as <c>LoadImages</c>. Take it from the training or validation split, not from the rows that the finished model is judged by. Null, the default, for none.
    /// </summary>
    public IDataView? EvaluationData { get; set; }

    /// <summary>
    /// When it is evaluated (<c>eval_strategy</c>). Null, the default, is <see cref="EvalStrategy.Steps"/> when <see cref="EvalSteps"/> is given and
    /// <see cref="EvalStrategy.Epoch"/> otherwise. Unused without <see cref="EvaluationData"/>.
    /// </summary>
    public EvalStrategy? EvalStrategy { get; set; }

    /// <summary>Optimizer steps between two evaluations (<c>eval_steps</c>). At least 1; null, the default, is <see cref="LoggingSteps"/>.</summary>
    public int? EvalSteps { get; set; }

    /// <summary>
    /// Rows of the evaluation data, from the first on, to which answers are generated at each evaluation, for <see cref="EvaluationCallback"/> and the log. At
    /// least 0; default 4.
    /// </summary>
    public int GeneratedEvaluationRows { get; set; } = 4;

    /// <summary>
    /// The metric by which evaluations are compared, by its key with or without <c>eval_</c> (<c>metric_for_best_model</c>). Default <c>loss</c>.
    /// </summary>
    public string MetricForBestModel { get; set; } = "loss";

    /// <summary>
    /// Whether larger is better (<c>greater_is_better</c>). Null, the default: true unless the name of the metric ends with <c>loss</c>.
    /// </summary>
    public bool? GreaterIsBetter { get; set; }

    /// <summary>
    /// Whether the result is the model of the best evaluation and not that of the last step (<c>load_best_model_at_end</c>). It then gets a checkpoint, which stays.
    /// Needs <see cref="EvaluationData"/> and <see cref="OutputDirectory"/>. Default false.
    /// </summary>
    public bool LoadBestModelAtEnd { get; set; }

    /// <summary>
    /// Evaluations in a row without improvement behind which training stops (<c>early_stopping_patience</c>). At least 1; null, the default, never stops early.
    /// </summary>
    public int? EarlyStoppingPatience { get; set; }

    /// <summary>How much a metric has to improve to count (<c>early_stopping_threshold</c>). At least 0; default 0.</summary>
    public double EarlyStoppingThreshold { get; set; }

    /// <summary>Called behind each evaluation, on the thread that trains; null, the default, for none.</summary>
    public Action<VlmEvaluation>? EvaluationCallback { get; set; }

    private void ValidateEvaluation()
    {
        if (EvalStrategy is { } strategy && !Enum.IsDefined(strategy))
        {
            throw new ArgumentOutOfRangeException(nameof(EvalStrategy), strategy, "Not a strategy of this library.");
        }
        AtLeast(EvalSteps ?? 1, 1, nameof(EvalSteps));
        AtLeast(GeneratedEvaluationRows, 0, nameof(GeneratedEvaluationRows));
        AtLeast(EarlyStoppingPatience ?? 1, 1, nameof(EarlyStoppingPatience));
        AtLeast(EarlyStoppingThreshold, 0, nameof(EarlyStoppingThreshold));
        ArgumentException.ThrowIfNullOrWhiteSpace(MetricForBestModel);
        ValidateEvaluationTask();
        bool evaluates = EvaluationData is not null && EvalStrategy != Vlm.EvalStrategy.No;
        if (!evaluates && (LoadBestModelAtEnd || EarlyStoppingPatience is not null || SaveStrategy == SaveStrategy.Best))
        {
            throw new ArgumentException("LoadBestModelAtEnd, EarlyStoppingPatience and SaveStrategy.Best compare evaluations, but there are none: give EvaluationData.", nameof(EvaluationData));
        }
        if (LoadBestModelAtEnd && OutputDirectory is null)
        {
            throw new ArgumentException("LoadBestModelAtEnd goes back to a checkpoint, but there is no OutputDirectory to keep it in.", nameof(OutputDirectory));
        }
    }
}
