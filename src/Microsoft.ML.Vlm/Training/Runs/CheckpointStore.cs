using Microsoft.ML.Vlm.Checkpoints;
using static TorchSharp.torch;

namespace Microsoft.ML.Vlm.Training.Runs;

/// <summary>Writes the checkpoints of a run into its folder, and takes up an earlier one.</summary>
/// <param name="folder">The run's folder.</param>
/// <param name="identity">What the run follows from.</param>
/// <param name="saveModel">Writes what is trained into a folder: an adapter, or a whole model with configuration and tokenizer.</param>
/// <param name="settings">What is kept.</param>
/// <param name="resumed">The checkpoint to go on from, which has been checked against <paramref name="identity"/>; null starts at the beginning.</param>
internal sealed class CheckpointStore(RunFolder folder, RunIdentity identity, Action<string> saveModel, SavingSettings settings, Checkpoint? resumed = null)
{
    private (int Step, bool OnlyModel)? _saved;

    /// <summary>The run's folder.</summary>
    public RunFolder Folder => folder;

    /// <summary>When checkpoints are written.</summary>
    public SavingSettings Settings { get; } = settings;

    /// <summary>Path of the newest checkpoint that this run has written or gone on from; null before the first.</summary>
    public string? Newest => _saved is { } saved ? folder.PathOf(saved.Step) : resumed?.Path;

    /// <summary>Sets a run to where the checkpoint was written that it goes on from; does nothing without one.</summary>
    /// <exception cref="InvalidDataException">The checkpoint does not fit the run.</exception>
    public void Restore(TrainingRun run) => resumed?.Restore(run);

    /// <summary>Writes a checkpoint, and deletes those beyond the limit.</summary>
    /// <param name="run">A run between two steps.</param>
    /// <param name="onlyModel">Whether it holds the model without what is needed to go on.</param>
    /// <returns>False when this run has written such a checkpoint of the step already.</returns>
    /// <exception cref="InvalidOperationException">What trains holds a value that is not finite; names the tensor. Nothing was written.</exception>
    public bool Save(TrainingRun run, bool onlyModel)
    {
        if (_saved == (run.State.Step, onlyModel))
        {
            return false;
        }
        string path = folder.PathOf(run.State.Step);
        FiniteTensors.Check(run.Optimizer.Parameters.Select(parameter => KeyValuePair.Create(parameter.Name, parameter.Value)), path);
        Directory.CreateDirectory(folder.Path);
        AtomicFolder.Write(path, temporary => Fill(temporary, run, onlyModel));
        _saved = (run.State.Step, onlyModel);
        folder.Prune(Settings.TotalLimit, new HashSet<int> { run.State.Step, run.State.BestStep ?? run.State.Step });
        return true;
    }

    /// <summary>Sets what trains to the values of an earlier checkpoint of the run.</summary>
    /// <param name="run">The run.</param>
    /// <param name="step">Step of the checkpoint.</param>
    /// <exception cref="InvalidDataException">The checkpoint is not whole.</exception>
    public void ReadWeights(TrainingRun run, int step)
    {
        CheckpointManifest.Open(folder.PathOf(step));
        SavedTensors.Read(folder.PathOf(step), run.Optimizer.Parameters);
    }

    private void Fill(string temporary, TrainingRun run, bool onlyModel)
    {
        using var scope = NewDisposeScope();
        saveModel(temporary);
        SavedTensors.WriteMasters(temporary, run.Optimizer.Parameters);
        CheckpointJson.Write(temporary, CheckpointFiles.TrainerState, TrainerStateFile.Of(run, folder));
        if (!onlyModel)
        {
            IReadOnlyDictionary<string, Tensor> optimizer = run.Optimizer.ToTensors();
            FiniteTensors.Check(optimizer, Path.Combine(folder.PathOf(run.State.Step), CheckpointFiles.Optimizer));
            SafetensorsWriter.Write(Path.Combine(temporary, CheckpointFiles.Optimizer), optimizer);
            CheckpointJson.Write(temporary, CheckpointFiles.Scheduler, SchedulerFile.Of(run));
            CheckpointJson.Write(temporary, CheckpointFiles.RandomState, new RandomStateFile(run.Settings.Seed, run.State.Step));
            CheckpointJson.Write(temporary, CheckpointFiles.Sampler, run.State.Sampler);
            run.Objective.Save(temporary);
        }
        CheckpointManifest.Write(temporary, identity);
    }
}
