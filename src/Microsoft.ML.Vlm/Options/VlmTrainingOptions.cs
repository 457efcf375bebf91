namespace Microsoft.ML.Vlm;

/// <summary>What every kind of fine-tuning needs. The names in brackets are those of TRL's configuration.</summary>
/// <remarks>
/// Departures from TRL's defaults: the learning rate follows what is trained (see <see cref="LearningRate"/>), weights keep the number format of the
/// checkpoint, rows are never cut, and a loss that is not a number stops the run.
/// </remarks>
public abstract partial class VlmTrainingOptions : VlmModelOptions
{
    private protected VlmTrainingOptions()
    {
    }

    /// <summary>The adapter to train; null trains every weight (full fine-tuning). Default: rank 8 on the linear layers of the language model.</summary>
    public LoraOptions? Lora { get; set; } = new();

    /// <summary>Passes over the data (<c>num_train_epochs</c>); fractions count. Above 0; default 3. Unused when <see cref="MaxSteps"/> is given.</summary>
    public double MaxEpochs { get; set; } = 3;

    /// <summary>
    /// Optimizer steps (<c>max_steps</c>); the data is read again and again until they are done. At least 1; null, the default, goes by <see cref="MaxEpochs"/>.
    /// </summary>
    public int? MaxSteps { get; set; }

    /// <summary>Rows computed at once (<c>per_device_train_batch_size</c>). At least 1; default 8.</summary>
    public int BatchSize { get; set; } = 8;

    /// <summary>Batches whose gradients make one optimizer step (<c>gradient_accumulation_steps</c>). At least 1; default 1.</summary>
    public int GradientAccumulationSteps { get; set; } = 1;

    /// <summary>
    /// Highest learning rate (<c>learning_rate</c>). Above 0; null, the default, is 2e-4 for an adapter (ten times TRL's 2e-5, as TRL's guide recommends)
    /// and 2e-5 for full fine-tuning.
    /// </summary>
    public double? LearningRate { get; set; }

    /// <summary>The learning rate where none is given.</summary>
    internal virtual double UsualLearningRate => Lora is null ? 2e-5 : 2e-4;

    /// <summary>How the learning rate changes over the steps (<c>lr_scheduler_type</c>). Default <see cref="LearningRateSchedule.Linear"/>.</summary>
    public LearningRateSchedule Schedule { get; set; } = LearningRateSchedule.Linear;

    /// <summary>Steps over which the learning rate rises from 0 (<c>warmup_steps</c>). At least 0; default 0.</summary>
    public int WarmupSteps { get; set; }

    /// <summary>The warm-up as a part of all steps, rounded up (<c>warmup_ratio</c>). 0 to 1; default 0. Unused when <see cref="WarmupSteps"/> is above 0.</summary>
    public double WarmupRatio { get; set; }

    /// <summary>Decoupled weight decay; biases and norms are exempt (<c>weight_decay</c>). At least 0; default 0.</summary>
    public double WeightDecay { get; set; }

    /// <summary>Decay of the optimizer's first moment (<c>adam_beta1</c>). 0 to below 1; default 0.9.</summary>
    public double AdamBeta1 { get; set; } = 0.9;

    /// <summary>Decay of the optimizer's second moment (<c>adam_beta2</c>). 0 to below 1; default 0.999.</summary>
    public double AdamBeta2 { get; set; } = 0.999;

    /// <summary>Added to the root of the second moment (<c>adam_epsilon</c>). At least 0; default 1e-8.</summary>
    public double AdamEpsilon { get; set; } = 1e-8;

    /// <summary>Gradients are scaled down to this norm (<c>max_grad_norm</c>). At least 0, where 0 turns clipping off; default 1.</summary>
    public double MaxGradientNorm { get; set; } = 1;

    /// <summary>Steps between two reports to <see cref="MetricsCallback"/> and <c>MLContext.Log</c> (<c>logging_steps</c>). At least 1; default 10.</summary>
    public int LoggingSteps { get; set; } = 10;

    /// <summary>Seed of the order of rows, the adapter's initial weights and dropout (<c>seed</c>). Null, the default, takes the ML context's.</summary>
    public int? Seed { get; set; }

    /// <summary>
    /// Folder that gets checkpoints while training goes on, and the trained adapter in PEFT's format, or the whole model after full fine-tuning, once it has
    /// succeeded (<c>output_dir</c>). Null, the default, writes nothing.
    /// </summary>
    public string? OutputDirectory { get; set; }

    /// <summary>Called every <see cref="LoggingSteps"/> steps, on the thread that trains.</summary>
    public Action<VlmTrainingMetrics>? MetricsCallback { get; set; }

    /// <summary>
    /// Stops training: between two batches, or, with an <see cref="OutputDirectory"/>, behind the current step and a checkpoint. <c>MLContext</c>'s own
    /// cancellation works too, and so do SIGTERM and SIGINT while there is an <see cref="OutputDirectory"/>.
    /// </summary>
    public CancellationToken CancellationToken { get; set; }

    /// <inheritdoc/>
    public override void Validate()
    {
        base.Validate();
        Lora?.Validate();
        if (Quantization is not null && Lora is null)
        {
            throw new ArgumentException("Quantized weights cannot be trained themselves: set Lora to train an adapter on them, or leave Quantization null for full fine-tuning.", nameof(Quantization));
        }
        ValidateBatching();
        Above(MaxEpochs, 0, nameof(MaxEpochs));
        AtLeast(MaxSteps ?? 1, 1, nameof(MaxSteps));
        AtLeast(BatchSize, 1, nameof(BatchSize));
        AtLeast(GradientAccumulationSteps, 1, nameof(GradientAccumulationSteps));
        Above(LearningRate ?? 1, 0, nameof(LearningRate));
        AtLeast(WarmupSteps, 0, nameof(WarmupSteps));
        Within(WarmupRatio, 0, 1, nameof(WarmupRatio));
        AtLeast(WeightDecay, 0, nameof(WeightDecay));
        Fraction(AdamBeta1, nameof(AdamBeta1));
        Fraction(AdamBeta2, nameof(AdamBeta2));
        AtLeast(AdamEpsilon, 0, nameof(AdamEpsilon));
        AtLeast(MaxGradientNorm, 0, nameof(MaxGradientNorm));
        AtLeast(LoggingSteps, 1, nameof(LoggingSteps));
        ArgumentNullException.ThrowIfNull(Schedule);
        ValidateOptimization();
        ValidateSaving();
        ValidateHub();
        ValidateParts();
        ValidateAdapterPrecision();
        ValidateData();
        ValidateEvaluation();
        ValidateGuards();
        ValidateTracking();
        ValidateTimeLimit();
        if (File.Exists(OutputDirectory))
        {
            throw new ArgumentException($"OutputDirectory '{OutputDirectory}' is a file; name a folder.", nameof(OutputDirectory));
        }
    }

    private static void AtLeast(double value, double least, string name)
    {
        if (!(value >= least) || !double.IsFinite(value))
        {
            throw new ArgumentOutOfRangeException(name, value, $"{name} must be at least {least}.");
        }
    }

    private static void Above(double value, double bound, string name)
    {
        if (!(value > bound) || !double.IsFinite(value))
        {
            throw new ArgumentOutOfRangeException(name, value, $"{name} must be above {bound}.");
        }
    }

    private static void Within(double value, double least, double most, string name)
    {
        if (!(value >= least && value <= most))
        {
            throw new ArgumentOutOfRangeException(name, value, $"{name} must be {least} to {most}.");
        }
    }

    private static void Fraction(double value, string name)
    {
        if (!(value >= 0 && value < 1))
        {
            throw new ArgumentOutOfRangeException(name, value, $"{name} must be at least 0 and below 1.");
        }
    }
}
