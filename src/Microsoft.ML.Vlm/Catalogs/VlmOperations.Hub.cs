using Microsoft.ML.Runtime;
using Microsoft.ML.Vlm.Checkpoints;
using Microsoft.ML.Vlm.Components;
using Microsoft.ML.Vlm.Hub;

namespace Microsoft.ML.Vlm;

/// <content>Models, adapters and datasets of the Hugging Face hub.</content>
public sealed partial class VlmOperations
{
    /// <summary>
    /// Publishes what was trained (<c>push_to_hub</c>): the adapter, or the model after full fine-tuning, with tokenizer, processor, chat template and a model card, in one commit.
    /// </summary>
    /// <param name="model">The transformer; <c>chain.FindVlm()</c> gives that of a chain.</param>
    /// <param name="repository"><c>org/name</c>, or a name alone for the token's account; made if need be.</param>
    /// <param name="options">Merging, privacy, what the card says, how the hub is reached; null for the defaults.</param>
    /// <param name="token">Stops; nothing is committed then.</param>
    /// <exception cref="ArgumentException">The repository is no id, or an option is out of its range.</exception>
    /// <exception cref="InvalidOperationException">Nothing was trained, or merging changes the model by more than the options allow.</exception>
    /// <exception cref="HubException">There is no token that may write, or the hub refuses or cannot be reached.</exception>
    public HubPush PushToHub(VlmTransformer model, string repository, HubPushOptions? options = null, CancellationToken token = default)
    {
        ArgumentNullException.ThrowIfNull(model);
        DirectoryInfo folder = Directory.CreateTempSubdirectory("vlm-push-");
        try
        {
            if (options?.Merges == true)
            {
                model.Merge(folder.FullName, options.Merge);
            }
            else if (model.Engine.IsFullyTrained)
            {
                model.SaveModel(folder.FullName);
            }
            else
            {
                model.SaveAdapter(folder.FullName);
            }
            string what = options?.Merges == true ? "merged model" : model.Engine.IsFullyTrained ? "model" : "adapter";
            return Push(folder.FullName, repository, $"Upload {what}", model.Engine.Folder, options, token);
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    /// <summary>
    /// Publishes a folder (<c>upload_folder</c>), such as the output directory of a run whose push has failed: all files but hidden ones, in one commit. What the repository has
    /// already is not sent again.
    /// </summary>
    /// <param name="folder">The folder; checkpoints in it are left out.</param>
    /// <param name="repository"><c>org/name</c>, or a name alone for the token's account; made if need be.</param>
    /// <param name="options">Privacy, message, how the hub is reached; null for the defaults. No card is written.</param>
    /// <param name="token">Stops; nothing is committed then.</param>
    /// <exception cref="DirectoryNotFoundException">There is no such folder.</exception>
    /// <exception cref="ArgumentException">The repository is no id, or an option is out of its range.</exception>
    /// <exception cref="HubException">There is no token that may write, or the hub refuses or cannot be reached.</exception>
    public HubPush PushFolderToHub(string folder, string repository, HubPushOptions? options = null, CancellationToken token = default)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(folder);
        if (!Directory.Exists(folder))
        {
            throw new DirectoryNotFoundException($"There is no folder '{Path.GetFullPath(folder)}' to push.");
        }
        return Push(folder, repository, "Upload folder", null, options, token);
    }

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

    private HubPush Push(string folder, string repository, string message, ModelFolder? @base, HubPushOptions? options, CancellationToken token)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(repository);
        options ??= new HubPushOptions();
        options.Validate();
        HubPush push = Task.Run(async () =>
        {
            using ModelPublisher publisher = await ModelPublisher.OpenAsync(repository, options.Hub, options.IsPrivate, token).ConfigureAwait(false);
            if (@base is not null)
            {
                publisher.Complete(folder, @base, options, method: null);
            }
            return await publisher.PushAsync(folder, message, options, [], token).ConfigureAwait(false);
        }, token).GetAwaiter().GetResult();
        using IChannel channel = ((IChannelProvider)_mlContext).Start(nameof(PushToHub));
        MLNetHost.Info(channel, push.Commit is null ? $"{push.Url} has all of it already" : $"pushed to {push.Url}");
        return push;
    }
}
