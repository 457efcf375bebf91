namespace Microsoft.ML.Vlm;

/// <summary>The numbers of a report or an evaluation, as a tracker gets them.</summary>
public sealed record RunMetrics
{
    /// <summary>Optimizer steps done.</summary>
    public required int Step { get; init; }

    /// <summary>When, in UTC.</summary>
    public required DateTime Time { get; init; }

    /// <summary>
    /// The numbers under the names that TRL's trackers show: <c>train/loss</c>, <c>train/learning_rate</c>, <c>train/grad_norm</c>, <c>eval/loss</c>,
    /// <c>train/rewards/margins</c> and so on; of ours <c>train/tokens_per_second</c> and <c>train/data_wait</c> (part of the time, 0 to 1, that steps waited for their
    /// rows), both since the last report. All finite.
    /// </summary>
    public required IReadOnlyDictionary<string, double> Values { get; init; }

    /// <summary>Numbers of the machine: <c>memory_gib</c> and <c>peak_memory_gib</c>, what the process has and had in memory, in 2^30 bytes. Empty for an evaluation.</summary>
    public IReadOnlyDictionary<string, double> System { get; init; } = new Dictionary<string, double>();

    /// <summary>How long the rest of the run takes if it goes on as so far; null when that is not known.</summary>
    public TimeSpan? RemainingTime { get; init; }
}
