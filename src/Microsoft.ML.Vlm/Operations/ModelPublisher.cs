using System.Reflection;
using Microsoft.ML.Vlm.Adapters;
using Microsoft.ML.Vlm.Checkpoints;
using Microsoft.ML.Vlm.Hub;
using Microsoft.ML.Vlm.Training.Runs;

namespace Microsoft.ML.Vlm;

/// <summary>Puts what was trained into a repository of the hub, with all that others need to use it.</summary>
internal sealed class ModelPublisher : IDisposable
{
    private static readonly string s_version = typeof(ModelPublisher).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion.Split('+')[0] ?? "";

    // What an adapter's repository has beside it in Python's trainers: all that turns texts and images into the model's input.
    private static readonly string[] s_modelAlone = [ModelConfig.FileName, "generation_config.json"];

    private readonly HubClient _client;
    private readonly HubUploader _uploader;

    private ModelPublisher(HubClient client, HubRepository repository)
    {
        _client = client;
        _uploader = new HubUploader(client);
        Repository = repository;
    }

    /// <summary>Where it goes.</summary>
    public HubRepository Repository { get; }

    /// <summary>The page of the repository.</summary>
    public string Url => _client.Settings.Address(Repository.UrlPath).AbsoluteUri;

    /// <summary>Finds the repository, and makes it if need be.</summary>
    /// <param name="id">Owner and name, or the name alone.</param>
    /// <param name="hub">How the hub is reached, or null.</param>
    /// <param name="isPrivate">Whether a new one is private.</param>
    /// <param name="token">Stops.</param>
    /// <exception cref="HubException">The token may not do that, or the hub cannot be reached.</exception>
    public static async Task<ModelPublisher> OpenAsync(string id, HubOptions? hub, bool? isPrivate, CancellationToken token)
    {
        HubClient client = new(HubSettings.From(hub));
        try
        {
            return new ModelPublisher(client, await new HubUploader(client).CreateAsync(HubRepositoryKind.Model, id, isPrivate, token).ConfigureAwait(false));
        }
        catch
        {
            client.Dispose();
            throw;
        }
    }

    /// <summary>Writes what others need beside an adapter or a model, and the card.</summary>
    /// <param name="folder">Folder with the adapter or the model.</param>
    /// <param name="model">The base model; null for a folder of which nothing is known.</param>
    /// <param name="options">What the card says.</param>
    /// <param name="method">How it was trained, or null.</param>
    public void Complete(string folder, ModelFolder? model, HubPushOptions options, string? method)
    {
        bool isAdapter = File.Exists(Path.Combine(folder, PeftFolder.ConfigFile));
        if (isAdapter && model is not null)
        {
            foreach (string path in ModelFiles.Descriptions(model.Path).Where(path => !s_modelAlone.Contains(Path.GetFileName(path))))
            {
                File.Copy(path, Path.Combine(folder, Path.GetFileName(path)), overwrite: true);
            }
        }
        if (options.WritesCard)
        {
            File.WriteAllText(Path.Combine(folder, ModelCard.FileName), ModelCard.Format(new ModelCardContent
            {
                Repository = Repository.Id,
                BaseModel = model?.HubId,
                IsAdapter = isAdapter,
                Method = method,
                Tags = options.Tags,
                Datasets = options.Datasets,
                License = options.License,
                Metrics = options.Metrics,
                Results = options.Results,
                Version = s_version,
            }));
        }
    }

    /// <summary>Uploads a folder.</summary>
    /// <param name="folder">All its files go, but for hidden ones and, unless they are wanted, the checkpoints of a run.</param>
    /// <param name="message">First line of the commit's message.</param>
    /// <param name="options">Branch, pull request.</param>
    /// <param name="replaced">Folders of the repository that are emptied first.</param>
    /// <param name="token">Stops.</param>
    /// <param name="withCheckpoints">Whether checkpoints go too.</param>
    public async Task<HubPush> PushAsync(string folder, string message, HubPushOptions options, IReadOnlyList<string> replaced, CancellationToken token, bool withCheckpoints = false)
    {
        HubCommit commit = new() { Message = options.CommitMessage ?? message, Revision = options.Revision, IsPullRequest = options.CreatePullRequest, ReplacedFolders = replaced };
        (string? made, string? page) = await _uploader.CommitAsync(Repository, UploadFile.Of(folder).Where(file => withCheckpoints || CheckpointFiles.StepOf(file.Path.Split('/')[0]) is null).ToArray(), commit, token).ConfigureAwait(false);
        return new HubPush { Repository = Repository.Id, Url = Url, Commit = made, PullRequestUrl = page };
    }

    /// <summary>Closes the connections.</summary>
    public void Dispose() => _client.Dispose();
}
