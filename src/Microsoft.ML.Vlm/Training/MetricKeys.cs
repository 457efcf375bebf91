namespace Microsoft.ML.Vlm.Training;

/// <summary>Metrics under the keys of TRL's log lines, so that tools which read those read ours.</summary>
internal static class MetricKeys
{
    /// <summary>A training report.</summary>
    public static IReadOnlyDictionary<string, double> Of(VlmTrainingMetrics metrics)
        => Finite(
        [
            new("loss", metrics.Loss), new("grad_norm", metrics.GradientNorm), new("learning_rate", metrics.LearningRate),
            new("mean_token_accuracy", metrics.MeanTokenAccuracy), new("entropy", metrics.Entropy), new("num_tokens", metrics.TokenCount),
            .. metrics.Values, new("epoch", metrics.Epoch), new("step", metrics.Step),
        ]);

    // JSON has no word for a mean over nothing.
    private static Dictionary<string, double> Finite(IEnumerable<KeyValuePair<string, double>> values)
        => values.Where(pair => double.IsFinite(pair.Value)).ToDictionary(pair => pair.Key, pair => pair.Value);
}
