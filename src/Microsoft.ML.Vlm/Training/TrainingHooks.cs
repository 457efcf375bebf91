using Microsoft.ML.Vlm.Training.Runs;

namespace Microsoft.ML.Vlm.Training;

/// <summary>What happens between the steps of a run. Everything runs on the thread that trains.</summary>
internal sealed record TrainingHooks
{
    /// <summary>Gets the reports, every <see cref="TrainingSettings.LoggingSteps"/> steps.</summary>
    public Action<VlmTrainingMetrics>? OnLog { get; init; }

    /// <summary>Called behind each step.</summary>
    public Action<VlmStep>? OnStep { get; init; }

    /// <summary>Called when a checkpoint has been written.</summary>
    public Action<VlmCheckpoint>? OnSave { get; init; }

    /// <summary>Where checkpoints go; null for none.</summary>
    public CheckpointStore? Checkpoints { get; init; }

    /// <summary>Whether the run shall stop, besides its token: asked between two steps.</summary>
    public Func<bool> IsStopRequested { get; init; } = () => false;

    /// <summary>Does what is due behind a step.</summary>
    /// <param name="run">The run, its state being that behind the step.</param>
    /// <param name="step">What the step gave.</param>
    /// <param name="endsEpoch">Whether a pass over the data ended with it.</param>
    public void EndStep(TrainingRun run, VlmStep step, bool endsEpoch)
    {
        OnStep?.Invoke(step);
        if (Checkpoints?.Settings.IsDue(step.Step, step.TotalSteps, endsEpoch) == true)
        {
            Save(run, Checkpoints.Settings.OnlyModel);
        }
    }

    /// <summary>Writes a checkpoint, where there is a place for it.</summary>
    /// <param name="run">A run between two steps.</param>
    /// <param name="onlyModel">Whether it holds the model without what is needed to go on.</param>
    public void Save(TrainingRun run, bool onlyModel)
    {
        if (Checkpoints?.Save(run, onlyModel) == true)
        {
            OnSave?.Invoke(new VlmCheckpoint { Step = run.State.Step, Path = Checkpoints.Newest! });
        }
    }
}
