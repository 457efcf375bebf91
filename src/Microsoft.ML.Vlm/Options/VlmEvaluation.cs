namespace Microsoft.ML.Vlm;

/// <summary>What <see cref="VlmTrainingOptions.EvaluationCallback"/> gets behind each evaluation of a run.</summary>
/// <remarks>
/// Losses and other means are over all rows, each row weighing as many tokens as are trained on in it: they do not depend on the batch size. Computed without dropout
/// and without noise.
/// </remarks>
public sealed record VlmEvaluation
{
    /// <summary>Optimizer steps done.</summary>
    public required int Step { get; init; }

    /// <summary>Passes over the training data done, with fractions (<c>epoch</c>).</summary>
    public required double Epoch { get; init; }

    /// <summary>Mean loss, in nats a trained token (<c>eval_loss</c>).</summary>
    public required double Loss { get; init; }

    /// <summary>Part of the trained tokens that the model rates highest, 0 to 1 (<c>eval_mean_token_accuracy</c>).</summary>
    public required double MeanTokenAccuracy { get; init; }

    /// <summary>Mean entropy of the model's distribution at the trained tokens, in nats (<c>eval_entropy</c>).</summary>
    public required double Entropy { get; init; }

    /// <summary>Rows that were evaluated.</summary>
    public required long RowCount { get; init; }

    /// <summary>All numbers under TRL's keys, which begin with <c>eval_</c>; <c>eval_runtime</c> in seconds and the rates besides the above.</summary>
    public required IReadOnlyDictionary<string, double> Values { get; init; }

    /// <summary>Whether it is the best evaluation so far, by <see cref="VlmTrainingOptions.MetricForBestModel"/>.</summary>
    public bool IsBest { get; init; }

    /// <summary>Answers to the first rows (<see cref="VlmTrainingOptions.GeneratedEvaluationRows"/>).</summary>
    public IReadOnlyList<VlmEvaluatedRow> Answers { get; init; } = [];
}
