namespace Microsoft.ML.Vlm.Tracking;

/// <summary>Metrics under the names that TRL's trackers show.</summary>
internal static class TrackedNames
{
    private const string EvaluationPrefix = "eval_";

    /// <summary>
    /// The numbers of a log line: <c>eval_loss</c> becomes <c>eval/loss</c>, every other key begins with <c>train/</c>, as <c>rewrite_logs</c> of transformers has it; the step is
    /// <c>train/global_step</c>.
    /// </summary>
    /// <param name="line">A log line.</param>
    public static Dictionary<string, double> Of(IReadOnlyDictionary<string, double> line) => line.ToDictionary(pair => Of(pair.Key), pair => pair.Value);

    private static string Of(string key)
        => key == "step" ? "train/global_step"
            : key.StartsWith(EvaluationPrefix, StringComparison.Ordinal) ? $"eval/{key[EvaluationPrefix.Length..]}"
            : $"train/{key}";
}
