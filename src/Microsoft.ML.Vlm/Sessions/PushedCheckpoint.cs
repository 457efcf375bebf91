using Microsoft.ML.Runtime;
using Microsoft.ML.Vlm.Checkpoints;
using Microsoft.ML.Vlm.Hub;
using Microsoft.ML.Vlm.Training.Runs;

namespace Microsoft.ML.Vlm;

/// <summary>Brings back the checkpoint that a run has pushed, to a machine that has never seen the run.</summary>
/// <param name="repository">Where the run pushes.</param>
/// <param name="options">Of the run.</param>
/// <param name="provider">Logs what is downloaded.</param>
internal sealed class PushedCheckpoint(HubRepository repository, VlmTrainingOptions options, IChannelProvider provider)
{
    /// <summary>Folder of the repository with the newest checkpoint (<see cref="HubStrategy.Checkpoint"/>), named as in transformers.</summary>
    public const string LastPlace = "last-checkpoint";

    /// <summary>Folder beside it with the best one, where the run ends with that.</summary>
    public const string BestPlace = "best-checkpoint";

    /// <summary>Whether a run may go on from what it has pushed.</summary>
    /// <param name="options">Of the run.</param>
    public static bool IsWanted(VlmTrainingOptions options)
        => options.ResumeFromCheckpoint == RunFolder.Latest && options.PushToHub && options.HubStrategy is HubStrategy.Checkpoint or HubStrategy.AllCheckpoints;

    /// <summary>Fetches the newest checkpoint of the repository into the run's folder, and the best one if the run ends with it.</summary>
    /// <param name="folder">The run's folder, which has no checkpoints.</param>
    /// <returns>The checkpoint's folder; null when none was pushed.</returns>
    /// <exception cref="HubException">The hub refuses or cannot be reached: beginning again would throw away what is there.</exception>
    /// <exception cref="InvalidDataException">What was pushed is no checkpoint.</exception>
    public string? Fetch(RunFolder folder)
    {
        string? newest = Download(paths => Newest(Places(paths)));
        if (newest is null)
        {
            return null;
        }
        string checkpoint = Keep(folder, newest);
        if (options.LoadBestModelAtEnd && CheckpointJson.Read<TrainerStateFile>(checkpoint, CheckpointFiles.TrainerState).BestGlobalStep is int best && !Directory.Exists(folder.PathOf(best))
            && Download(paths => Places(paths).FirstOrDefault(place => place == CheckpointFiles.FolderName(best)) ?? Places(paths).FirstOrDefault(place => place == BestPlace)) is { } kept
            && CheckpointJson.Read<TrainerStateFile>(kept, CheckpointFiles.TrainerState).GlobalStep == best)
        {
            Keep(folder, kept);
        }
        return checkpoint;
    }

    // Only files right in the folder: a checkpoint has no others.
    private static string[] Places(IReadOnlyList<string> paths)
        => [.. paths.Select(path => path.Split('/')).Where(parts => parts is [_, CheckpointFiles.Manifest]).Select(parts => parts[0])];

    private static string? Newest(string[] places)
        => places.Contains(LastPlace) ? LastPlace : places.Where(place => CheckpointFiles.StepOf(place) is not null).MaxBy(place => CheckpointFiles.StepOf(place));

    private string? Download(Func<IReadOnlyList<string>, string?> choose)
    {
        string? place = null;
        try
        {
            string snapshot = ModelLocation.Download(new HubReference(repository, HubReference.DefaultRevision), options.Hub, paths =>
            {
                place = choose(paths);
                return place is null ? [] : paths.Where(path => path.StartsWith($"{place}/", StringComparison.Ordinal) && path.IndexOf('/', place.Length + 1) < 0);
            }, provider, options.CancellationToken);
            return place is null ? null : Path.Combine(snapshot, place);
        }
        catch (HubException exception) when (exception.Kind == HubErrorKind.RevisionNotFound)
        {
            // A repository without a commit.
            return null;
        }
    }

    private static string Keep(RunFolder folder, string source)
    {
        string target = folder.PathOf(CheckpointJson.Read<TrainerStateFile>(source, CheckpointFiles.TrainerState).GlobalStep);
        Directory.CreateDirectory(folder.Path);
        AtomicFolder.Write(target, temporary =>
        {
            foreach (string file in Directory.EnumerateFiles(source))
            {
                File.Copy(file, Path.Combine(temporary, Path.GetFileName(file)));
            }
        });
        return target;
    }
}
