namespace Microsoft.ML.Vlm;

/// <summary>What a tracker gets first: which run it is, and what is going to happen.</summary>
public sealed record RunStart
{
    /// <summary>Identifies the run: 32 hexadecimal digits. A run that goes on from a checkpoint keeps it.</summary>
    public required string Id { get; init; }

    /// <summary>Name of the run (<see cref="VlmTrainingOptions.RunName"/>). A run that goes on from a checkpoint keeps it.</summary>
    public required string Name { get; init; }

    /// <summary>Group of runs that are compared with each other (<see cref="VlmTrainingOptions.Project"/>).</summary>
    public required string Project { get; init; }

    /// <summary>When, in UTC.</summary>
    public required DateTime Time { get; init; }

    /// <summary>Whether it goes on from a checkpoint.</summary>
    public required bool IsResumed { get; init; }

    /// <summary>Optimizer steps of the whole run.</summary>
    public required int TotalSteps { get; init; }

    /// <summary>Full path of the run's folder; null for none.</summary>
    public string? OutputDirectory { get; init; }

    /// <summary>The options by name, those of nested options as <c>Lora.Rank</c>.</summary>
    public required IReadOnlyDictionary<string, string> Configuration { get; init; }

    /// <summary>Rows, steps, weights and the like.</summary>
    public required IReadOnlyDictionary<string, string> Summary { get; init; }

    /// <summary>Versions and machine.</summary>
    public required IReadOnlyDictionary<string, string> Environment { get; init; }
}
