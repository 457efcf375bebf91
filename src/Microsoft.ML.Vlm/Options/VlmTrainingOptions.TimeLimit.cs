namespace Microsoft.ML.Vlm;

/// <content>How long a run may take.</content>
public abstract partial class VlmTrainingOptions
{
    /// <summary>
    /// Time behind which a run ends, counted from the beginning of <c>Fit</c>: it finishes its step, writes a checkpoint that a later run can go on from
    /// (<see cref="ResumeFromCheckpoint"/>), and ends as after its last step, so that what has been trained is saved, pushed and returned. Make it shorter than the time that the
    /// machine is lent for, by what a step, saving and pushing take. Above 0; null, the default, is no limit.
    /// </summary>
    public TimeSpan? StopAfter { get; set; }

    private void ValidateTimeLimit()
    {
        if (StopAfter is { } limit && limit <= TimeSpan.Zero)
        {
            throw new ArgumentOutOfRangeException(nameof(StopAfter), limit, "StopAfter must be above 0.");
        }
    }
}
