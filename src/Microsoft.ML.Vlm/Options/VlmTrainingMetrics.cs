namespace Microsoft.ML.Vlm;

/// <summary>What a training run reports every few steps. The names in brackets are those of TRL's log lines.</summary>
public sealed record VlmTrainingMetrics
{
    /// <summary>Optimizer steps done (<c>step</c>), counted from 1.</summary>
    public required int Step { get; init; }

    /// <summary>Optimizer steps of the whole run (<c>max_steps</c>).</summary>
    public required int TotalSteps { get; init; }

    /// <summary>Passes over the data done, with fractions (<c>epoch</c>).</summary>
    public required double Epoch { get; init; }

    /// <summary>Mean over the steps since the last report of the loss a step, in nats a trained token (<c>loss</c>).</summary>
    public required double Loss { get; init; }

    /// <summary>Euclidean norm of all gradients in the last step, before clipping (<c>grad_norm</c>).</summary>
    public required double GradientNorm { get; init; }

    /// <summary>Learning rate of the last step (<c>learning_rate</c>).</summary>
    public required double LearningRate { get; init; }

    /// <summary>
    /// Part of the trained tokens that the model rates highest, 0 to 1 (<c>mean_token_accuracy</c>): mean over the micro-batches since the last report.
    /// </summary>
    public required double MeanTokenAccuracy { get; init; }

    /// <summary>
    /// Entropy of the model's distribution over the next token, in nats, at the trained tokens (<c>entropy</c>): mean over the micro-batches since the last report.
    /// </summary>
    public required double Entropy { get; init; }

    /// <summary>Tokens read since the start of the run, image places included (<c>num_tokens</c>).</summary>
    public required long TokenCount { get; init; }

    /// <summary>Seconds since the start of the run.</summary>
    public required double ElapsedSeconds { get; init; }

    /// <summary>
    /// Seconds of these that steps waited for their rows to be decoded, resized and tokenized. The first step of data that fit the memory waits for all rows.
    /// </summary>
    public double DataWaitSeconds { get; init; }

    /// <summary>
    /// What the objective reports besides, by TRL's keys, such as <c>rewards/chosen</c>: means over the micro-batches since the last report. Empty for supervised
    /// fine-tuning.
    /// </summary>
    public IReadOnlyDictionary<string, double> Values { get; init; } = new Dictionary<string, double>();
}
