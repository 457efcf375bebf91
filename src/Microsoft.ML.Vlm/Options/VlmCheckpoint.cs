namespace Microsoft.ML.Vlm;

/// <summary>What <see cref="VlmTrainingOptions.SaveCallback"/> gets when a checkpoint is on disk.</summary>
public sealed record VlmCheckpoint
{
    /// <summary>Optimizer steps done.</summary>
    public required int Step { get; init; }

    /// <summary>Full path of the checkpoint's folder.</summary>
    public required string Path { get; init; }
}
