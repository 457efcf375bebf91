namespace Microsoft.ML.Vlm.Training;

/// <summary>Metrics under the keys of TRL's log lines, so that tools which read those read ours.</summary>
internal static class MetricKeys
{
    /// <summary>Key of the loss.</summary>
    public const string Loss = "loss";

    /// <summary>Key of the part of the trained tokens that the model rates highest.</summary>
    public const string Accuracy = "mean_token_accuracy";

    /// <summary>Key of the mean entropy.</summary>
    public const string Entropy = "entropy";

    private const string EvaluationPrefix = "eval_";

    /// <summary>A training report.</summary>
    public static IReadOnlyDictionary<string, double> Of(VlmTrainingMetrics metrics)
        => Finite(
        [
            new(Loss, metrics.Loss), new("grad_norm", metrics.GradientNorm), new("learning_rate", metrics.LearningRate),
            new(Accuracy, metrics.MeanTokenAccuracy), new(Entropy, metrics.Entropy), new("num_tokens", metrics.TokenCount),
            .. metrics.Values, new("epoch", metrics.Epoch), new("step", metrics.Step),
        ]);

    /// <summary>The numbers of an evaluation.</summary>
    /// <param name="means">Metrics of the objective, by their keys in training.</param>
    /// <param name="tokens">Tokens read.</param>
    /// <param name="seconds">Duration.</param>
    /// <param name="rowsPerSecond">Rows a second.</param>
    /// <param name="batchesPerSecond">Batches a second.</param>
    public static IReadOnlyDictionary<string, double> OfEvaluation(
        IReadOnlyDictionary<string, double> means, long tokens, double seconds, double rowsPerSecond, double batchesPerSecond)
        => Finite(
        [
            .. means.Select(pair => KeyValuePair.Create(EvaluationPrefix + pair.Key, pair.Value)), new("eval_num_tokens", tokens), new("eval_runtime", seconds),
            new("eval_samples_per_second", rowsPerSecond), new("eval_steps_per_second", batchesPerSecond),
        ]);

    /// <summary>An evaluation in the history of a run.</summary>
    public static IReadOnlyDictionary<string, double> Of(VlmEvaluation evaluation) => Finite([.. evaluation.Values, new("epoch", evaluation.Epoch), new("step", evaluation.Step)]);

    // JSON has no word for a mean over nothing.
    private static Dictionary<string, double> Finite(IEnumerable<KeyValuePair<string, double>> values)
        => values.Where(pair => double.IsFinite(pair.Value)).ToDictionary(pair => pair.Key, pair => pair.Value);
}
