namespace Microsoft.ML.Vlm.Training.Runs;

/// <summary>The end of a run that was asked to stop.</summary>
internal static class Interruption
{
    /// <summary>Writes a checkpoint of the last finished step.</summary>
    /// <param name="run">The run.</param>
    /// <param name="hooks">Where checkpoints go.</param>
    /// <param name="cause">What ended the loop.</param>
    /// <param name="token">The run's token.</param>
    /// <returns>An error that says how to go on.</returns>
    public static OperationCanceledException Of(TrainingRun run, TrainingHooks hooks, OperationCanceledException cause, CancellationToken token)
    {
        if (run.State.Step == 0)
        {
            return new OperationCanceledException("Training was cancelled before its first step was done; nothing was written.", cause, token);
        }
        hooks.Save(run, onlyModel: false);
        return new OperationCanceledException(
            $"Training was cancelled behind step {run.State.Step} of {run.TotalSteps}. To go on, run the same program with ResumeFromCheckpoint = \"{RunFolder.Latest}\", "
            + $"or the path of the checkpoint: '{hooks.Checkpoints!.Newest}'.",
            cause, token);
    }
}
