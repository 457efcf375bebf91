namespace Microsoft.ML.Vlm;

// Checkpoints, resuming and callbacks.
public abstract partial class VlmTrainingOptions
{
    /// <summary>When a checkpoint is written into <see cref="OutputDirectory"/> (<c>save_strategy</c>). Default <see cref="SaveStrategy.Steps"/>.</summary>
    public SaveStrategy SaveStrategy { get; set; } = SaveStrategy.Steps;

    /// <summary>Optimizer steps between two checkpoints (<c>save_steps</c>). At least 1; default 500. Used with <see cref="SaveStrategy.Steps"/>.</summary>
    public int SaveSteps { get; set; } = 500;

    /// <summary>Most checkpoints that stay; the oldest are deleted (<c>save_total_limit</c>). At least 1; null, the default, keeps all.</summary>
    public int? SaveTotalLimit { get; set; }

    /// <summary>
    /// Whether checkpoints hold the adapter or model alone, without optimizer and positions (<c>save_only_model</c>). Smaller, but no run can go on from them.
    /// Default false.
    /// </summary>
    public bool SaveOnlyModel { get; set; }

    /// <summary>
    /// Checkpoint to go on from (<c>resume_from_checkpoint</c>): a path, or <c>latest</c> for the newest whole one in <see cref="OutputDirectory"/>, and for the
    /// beginning while there is none. Where the folder has none and the run pushes its checkpoints (<see cref="HubStrategy"/>), <c>latest</c> is the newest one of the repository. The run ends
    /// with the same bits as one without a break. Null, the default, starts at the beginning.
    /// </summary>
    /// <remarks>
    /// Data, base model, seed and all options that change the numbers must be those of the checkpoint; else training refuses and says what has changed.
    /// </remarks>
    public string? ResumeFromCheckpoint { get; set; }

    /// <summary>Called behind each optimizer step, on the thread that trains; null, the default, for none.</summary>
    public Action<VlmStep>? StepCallback { get; set; }

    /// <summary>Called when a checkpoint is on disk, on the thread that trains; null, the default, for none.</summary>
    public Action<VlmCheckpoint>? SaveCallback { get; set; }

    private void ValidateSaving()
    {
        if (!Enum.IsDefined(SaveStrategy))
        {
            throw new ArgumentOutOfRangeException(nameof(SaveStrategy), SaveStrategy, "Not a strategy of this library.");
        }
        AtLeast(SaveSteps, 1, nameof(SaveSteps));
        AtLeast(SaveTotalLimit ?? 1, 1, nameof(SaveTotalLimit));
        if (ResumeFromCheckpoint is not null && string.IsNullOrWhiteSpace(ResumeFromCheckpoint))
        {
            throw new ArgumentException("ResumeFromCheckpoint is an empty text; give the path of a checkpoint or 'latest', or null to start at the beginning.", nameof(ResumeFromCheckpoint));
        }
        if (ResumeFromCheckpoint == "latest" && OutputDirectory is null)
        {
            throw new ArgumentException("ResumeFromCheckpoint is 'latest', but there is no OutputDirectory to look for checkpoints in.", nameof(ResumeFromCheckpoint));
        }
    }
}
