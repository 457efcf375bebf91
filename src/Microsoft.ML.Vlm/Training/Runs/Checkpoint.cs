using Microsoft.ML.Vlm.Checkpoints;
using static TorchSharp.torch;

namespace Microsoft.ML.Vlm.Training.Runs;

/// <summary>A checkpoint whose files have been checked.</summary>
internal sealed class Checkpoint
{
    private readonly CheckpointManifest _manifest;

    private Checkpoint(string path, CheckpointManifest manifest)
    {
        (Path, _manifest) = (path, manifest);
        Position = CheckpointJson.Read<SamplerState>(path, CheckpointFiles.Sampler);
    }

    /// <summary>Full path.</summary>
    public string Path { get; }

    /// <summary>Position in the data.</summary>
    public SamplerState Position { get; }

    /// <summary>What the run that wrote it followed from.</summary>
    public RunIdentity Run => _manifest.Run;

    /// <summary>Opens a folder, and compares every file with its hash.</summary>
    /// <exception cref="InvalidDataException">The checkpoint is not whole, or was saved without what is needed to go on; names the file.</exception>
    public static Checkpoint Open(string path)
    {
        CheckpointManifest manifest = CheckpointManifest.Open(path);
        return manifest.Files.ContainsKey(CheckpointFiles.Optimizer)
            ? new Checkpoint(path, manifest)
            : throw new InvalidDataException($"The checkpoint '{path}' holds the model only (SaveOnlyModel), so training cannot go on from it.");
    }

    /// <summary>Throws when a run may not go on from this checkpoint.</summary>
    /// <param name="run">What the run follows from.</param>
    /// <param name="onMessage">Gets a sentence for each thing that may change the last bits.</param>
    /// <exception cref="InvalidOperationException">Data, base model or options have changed; lists what.</exception>
    public void CheckFits(RunIdentity run, Action<string> onMessage)
    {
        IReadOnlyList<string> differences = run.DifferencesFrom(Run);
        if (differences.Count > 0)
        {
            throw new InvalidOperationException(
                $"The run cannot go on from '{Path}', because it is not the same run any more: {string.Join("; ", differences)}. "
                + "Put back what has changed, or start a new run without ResumeFromCheckpoint and with another OutputDirectory.");
        }
        foreach (string change in run.EnvironmentChangesFrom(Run))
        {
            onMessage($"{change}: the run goes on, but its last bits may differ from those of a run without a break.");
        }
    }

    /// <summary>Sets a run to where the checkpoint was written: what trains, the optimizer, the position, the sums.</summary>
    /// <param name="run">A run at its first step.</param>
    /// <exception cref="InvalidDataException">The checkpoint does not fit the run; says what.</exception>
    public void Restore(TrainingRun run)
    {
        TrainerStateFile trainer = CheckpointJson.Read<TrainerStateFile>(Path, CheckpointFiles.TrainerState);
        TrainingState state = trainer.ToState(Position);
        RandomStateFile random = CheckpointJson.Read<RandomStateFile>(Path, CheckpointFiles.RandomState);
        if (trainer.MaxSteps != run.TotalSteps || random != new RandomStateFile(run.Settings.Seed, state.Step))
        {
            throw new InvalidDataException(
                $"The checkpoint '{Path}' is of a run of {trainer.MaxSteps} steps with seed {random.Seed}; this run has {run.TotalSteps} steps and seed {run.Settings.Seed}.");
        }
        SavedTensors.Read(Path, run.Optimizer.Parameters);
        RestoreOptimizer(run.Optimizer);
        run.Objective.Restore(Path);
        run.State = state;
        SchedulerFile schedule = CheckpointJson.Read<SchedulerFile>(Path, CheckpointFiles.Scheduler), own = SchedulerFile.Of(run);
        if (schedule != own)
        {
            throw new InvalidDataException(
                $"The learning rate of the run that wrote '{Path}' moved otherwise ('{schedule.Type}', next rate {schedule.LastLr}) than this run's ('{own.Type}', next rate {own.LastLr}).");
        }
    }

    private void RestoreOptimizer(IOptimizer optimizer)
    {
        using var scope = NewDisposeScope();
        using SafetensorsFile file = SafetensorsFile.Open(System.IO.Path.Combine(Path, CheckpointFiles.Optimizer));
        optimizer.LoadTensors(file.Entries.Keys.ToDictionary(name => name, file.Read));
    }
}
