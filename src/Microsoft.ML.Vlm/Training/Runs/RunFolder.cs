using Microsoft.ML.Vlm.Checkpoints;

namespace Microsoft.ML.Vlm.Training.Runs;

/// <summary>The output folder of a run: its checkpoints, as <c>checkpoint-{step}</c>.</summary>
/// <param name="path">The folder; need not be there.</param>
internal sealed class RunFolder(string path)
{
    /// <summary>What asks for the newest whole checkpoint in place of a path.</summary>
    public const string Latest = "latest";

    /// <summary>Full path of the folder.</summary>
    public string Path { get; } = System.IO.Path.GetFullPath(path);

    /// <summary>The folder of a step's checkpoint.</summary>
    public string PathOf(int step) => System.IO.Path.Combine(Path, CheckpointFiles.FolderName(step));

    /// <summary>The checkpoints with their steps, oldest first; whether they are whole is not looked at.</summary>
    public IReadOnlyList<(int Step, string Path)> Checkpoints()
        => Directory.Exists(Path)
            ? [.. Directory.EnumerateDirectories(Path).Select(folder => (Step: CheckpointFiles.StepOf(folder), Path: folder))
                .Where(entry => entry.Step is not null).Select(entry => (entry.Step!.Value, entry.Path)).OrderBy(entry => entry.Item1)]
            : [];

    /// <summary>Finds the checkpoint that a run goes on from.</summary>
    /// <param name="checkpoint">Path of a checkpoint, or <see cref="Latest"/> for the newest one that is whole.</param>
    /// <param name="onMessage">Gets a sentence for each checkpoint that is left out.</param>
    /// <returns>The checkpoint, all of whose files have been checked; null when the newest was asked for and there is none.</returns>
    /// <exception cref="DirectoryNotFoundException">There is no folder of that path.</exception>
    /// <exception cref="InvalidDataException">The checkpoint of that path is not whole, or was saved without what is needed to go on.</exception>
    public Checkpoint? Find(string checkpoint, Action<string> onMessage)
    {
        if (checkpoint != Latest)
        {
            return Directory.Exists(checkpoint)
                ? Checkpoint.Open(System.IO.Path.GetFullPath(checkpoint))
                : throw new DirectoryNotFoundException($"There is no checkpoint '{checkpoint}' to resume from. Give the path of a 'checkpoint-...' folder, or '{Latest}'.");
        }
        foreach ((_, string folder) in Checkpoints().Reverse())
        {
            try
            {
                return Checkpoint.Open(folder);
            }
            catch (Exception exception) when (exception is InvalidDataException or IOException)
            {
                onMessage($"{exception.Message} It is left out; training goes on from an earlier one.");
            }
        }
        return null;
    }

    /// <summary>Deletes the oldest checkpoints.</summary>
    /// <param name="limit">How many stay (<c>save_total_limit</c>); null keeps all.</param>
    /// <param name="keep">Steps whose checkpoints stay in any case and count.</param>
    public void Prune(int? limit, IReadOnlySet<int> keep)
    {
        if (limit is not int most)
        {
            return;
        }
        (int Step, string Path)[] all = [.. Checkpoints()];
        int surplus = all.Length - most;
        foreach ((int _, string folder) in all.Where(entry => !keep.Contains(entry.Step)).Take(Math.Max(0, surplus)))
        {
            AtomicFolder.Delete(folder);
        }
    }

    /// <summary>Deletes what a run left that was killed while it wrote a checkpoint.</summary>
    public void RemoveLeftovers() => AtomicFolder.RemoveLeftovers(Path, CheckpointFiles.FolderPrefix);
}
