namespace Microsoft.ML.Vlm.Training;

/// <summary>How a training run goes. Names in brackets are those of TRL; the defaults are TRL's where nothing else is said.</summary>
internal sealed partial record TrainingSettings
{
    /// <summary>Rows of a micro-batch (<c>per_device_train_batch_size</c>). At least 1; default 8.</summary>
    public int BatchSize { get; init; } = 8;

    /// <summary>Micro-batches of an optimizer step (<c>gradient_accumulation_steps</c>). At least 1; default 1.</summary>
    public int GradientAccumulationSteps { get; init; } = 1;

    /// <summary>Passes over the data (<c>num_train_epochs</c>); fractions count. Above 0; default 3. Unused when <see cref="MaxSteps"/> is given.</summary>
    public double MaxEpochs { get; init; } = 3;

    /// <summary>Optimizer steps (<c>max_steps</c>); the data is read again and again until they are done. At least 1; null, the default, goes by <see cref="MaxEpochs"/>.</summary>
    public int? MaxSteps { get; init; }

    /// <summary>Highest learning rate (<c>learning_rate</c>). Above 0; default 2e-5.</summary>
    public double LearningRate { get; init; } = 2e-5;

    /// <summary>How it moves (<c>lr_scheduler_type</c>). Default <see cref="LearningRateSchedule.Linear"/>.</summary>
    public LearningRateSchedule Schedule { get; init; } = LearningRateSchedule.Linear;

    /// <summary>Optimizer steps of the warm-up (<c>warmup_steps</c>). At least 0; default 0.</summary>
    public int WarmupSteps { get; init; }

    /// <summary>The warm-up as a part of all steps, rounded up (<c>warmup_ratio</c>). 0 to 1; default 0. Unused when <see cref="WarmupSteps"/> is above 0.</summary>
    public double WarmupRatio { get; init; }

    /// <summary>Decay of all weights but biases and norms, times the learning rate (<c>weight_decay</c>). At least 0; default 0.</summary>
    public double WeightDecay { get; init; }

    /// <summary>Decay of the first moment (<c>adam_beta1</c>). 0 to below 1; default 0.9.</summary>
    public double AdamBeta1 { get; init; } = 0.9;

    /// <summary>Decay of the second moment (<c>adam_beta2</c>). 0 to below 1; default 0.999.</summary>
    public double AdamBeta2 { get; init; } = 0.999;

    /// <summary>Added to the root of the second moment (<c>adam_epsilon</c>). At least 0; default 1e-8.</summary>
    public double AdamEpsilon { get; init; } = 1e-8;

    /// <summary>Gradients with a longer norm are shortened to it (<c>max_grad_norm</c>). At least 0, which switches it off; default 1.</summary>
    public double MaxGradientNorm { get; init; } = 1;

    /// <summary>Optimizer steps between two reports (<c>logging_steps</c>); the last step is always reported. At least 1; default 10.</summary>
    public int LoggingSteps { get; init; } = 10;

    /// <summary>Steps in a row without any learning behind which the run stops. At least 1; null for never; default 10.</summary>
    public int? MaxStalledSteps { get; init; } = 10;

    /// <summary>Seed of the dropout (<c>seed</c>). Default 42.</summary>
    public int Seed { get; init; } = 42;

    /// <summary>
    /// Keep only the input of each layer and compute the layer again on the way back (<c>gradient_checkpointing</c>). Default false, where TRL's is true.
    /// </summary>
    public bool GradientCheckpointing { get; init; }

    /// <summary>What turns gradients into updates (<c>optim</c>). Default <see cref="OptimizerKind.AdamW"/>.</summary>
    public OptimizerKind Optimizer { get; init; } = OptimizerKind.AdamW;

    /// <summary>Strength of noise on the token embeddings (<c>neftune_noise_alpha</c>). Above 0; null, the default, adds none.</summary>
    public double? NeftuneNoiseAlpha { get; init; }

    /// <summary>Whether dropout stays off while training, as preference optimization wants it (<c>disable_dropout</c>). Default false.</summary>
    public bool DisableDropout { get; init; }

    /// <summary>Throws for a value out of its range.</summary>
    /// <exception cref="ArgumentOutOfRangeException">Names the setting, its value and its range.</exception>
    public void Validate()
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(BatchSize, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(GradientAccumulationSteps, 1);
        if (MaxSteps is int maxSteps)
        {
            ArgumentOutOfRangeException.ThrowIfLessThan(maxSteps, 1, nameof(MaxSteps));
        }
        else
        {
            ArgumentOutOfRangeException.ThrowIfNegativeOrZero(MaxEpochs);
        }
        ThrowIfNotFinite(MaxEpochs, nameof(MaxEpochs));
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(LearningRate);
        ThrowIfNotFinite(LearningRate, nameof(LearningRate));
        ArgumentOutOfRangeException.ThrowIfNegative(WarmupSteps);
        ArgumentOutOfRangeException.ThrowIfNegative(WarmupRatio);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(WarmupRatio, 1);
        ArgumentOutOfRangeException.ThrowIfNegative(WeightDecay);
        ArgumentOutOfRangeException.ThrowIfNegative(AdamBeta1);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(AdamBeta1, 1);
        ArgumentOutOfRangeException.ThrowIfNegative(AdamBeta2);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(AdamBeta2, 1);
        ArgumentOutOfRangeException.ThrowIfNegative(AdamEpsilon);
        ArgumentOutOfRangeException.ThrowIfNegative(MaxGradientNorm);
        ArgumentOutOfRangeException.ThrowIfLessThan(LoggingSteps, 1);
        ValidateBatching();
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(NeftuneNoiseAlpha ?? 1, nameof(NeftuneNoiseAlpha));
    }

    /// <summary>Optimizer steps of the run.</summary>
    /// <param name="rows">Rows of the data.</param>
    /// <exception cref="OverflowException">The epochs ask for more than 2,147,483,647 steps.</exception>
    public int TotalSteps(long rows) => MaxSteps ?? checked((int)Math.Ceiling(MaxEpochs * StepsPerEpoch(rows)));

    /// <summary>Optimizer steps of the warm-up.</summary>
    /// <param name="totalSteps">Optimizer steps of the run.</param>
    public int WarmupStepsOf(int totalSteps) => WarmupSteps > 0 ? WarmupSteps : (int)Math.Ceiling(totalSteps * WarmupRatio);

    private static long CeilingDivide(long value, long by) => (value + by - 1) / by;

    private static void ThrowIfNotFinite(double value, string name)
    {
        if (!double.IsFinite(value))
        {
            throw new ArgumentOutOfRangeException(name, value, $"{name} must be a finite number.");
        }
    }
}
