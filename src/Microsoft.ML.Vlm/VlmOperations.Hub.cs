using Microsoft.ML.Vlm.Hub;

namespace Microsoft.ML.Vlm;

/// <content>Models, adapters and datasets of the Hugging Face hub.</content>
public sealed partial class VlmOperations
{
    /// <summary>
    /// Brings files of a repository into the cache that is shared with Python's client, and gives the folder that holds them (<c>snapshot_download</c>). What is there already is
    /// not fetched again; sizes and hashes are checked; nothing in the files is run.
    /// </summary>
    /// <param name="repository"><c>org/name</c>, or <c>org/name@revision</c> with a branch, tag, pull request (<c>refs/pr/1</c>) or commit.</param>
    /// <param name="options">Kind of repository, files, how the hub is reached; null for all files of a model.</param>
    /// <param name="token">Stops; the next download goes on from there.</param>
    /// <exception cref="ArgumentException">The repository is no id, or an option is out of its range.</exception>
    /// <exception cref="HubException">The hub refuses or cannot be reached and the cache lacks a file, or what came is damaged.</exception>
    public string DownloadFromHub(string repository, HubDownloadOptions? options = null, CancellationToken token = default)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(repository);
        options ??= new HubDownloadOptions();
        HubReference reference = HubReference.Parse(options.Kind, repository);
        return ModelLocation.Download(
            reference, options.Hub, paths => paths.Where(path => FilePatterns.Chooses(path, options.AllowPatterns, options.IgnorePatterns)), _mlContext, token);
    }
}
