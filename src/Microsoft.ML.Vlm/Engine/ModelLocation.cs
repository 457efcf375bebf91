using Microsoft.ML.Runtime;
using Microsoft.ML.Vlm.Adapters;
using Microsoft.ML.Vlm.Checkpoints;
using Microsoft.ML.Vlm.Components;
using Microsoft.ML.Vlm.Hub;

namespace Microsoft.ML.Vlm;

/// <summary>Finds what a path of the options names: a folder, or a repository of the hub, of which the files that are needed come into the cache. Nothing in them is run.</summary>
internal static class ModelLocation
{
    /// <summary>Opens the model that options name.</summary>
    /// <param name="options">The options.</param>
    /// <param name="provider">Logs what is downloaded; null logs nothing.</param>
    /// <exception cref="DirectoryNotFoundException">There is no such folder, and the path is no id.</exception>
    /// <exception cref="HubException">The path is the id of a repository that cannot be had.</exception>
    public static ModelFolder Open(VlmModelOptions options, IChannelProvider? provider = null) => Open(options.ModelPath, options, provider);

    /// <summary>Opens another model than that of the options, which say how the hub is reached.</summary>
    /// <inheritdoc cref="Open(VlmModelOptions, IChannelProvider?)"/>
    public static ModelFolder Open(string path, VlmModelOptions options, IChannelProvider? provider = null)
        => ModelFolder.Open(FolderOf(path, options.Hub, NeededFiles, provider, TokenOf(options)));

    /// <summary>The folder of the adapter that a path names.</summary>
    /// <inheritdoc cref="Open(VlmModelOptions, IChannelProvider?)"/>
    public static string AdapterFolder(string path, VlmModelOptions options, IChannelProvider? provider = null)
        => FolderOf(path, options.Hub, _ => [PeftFolder.ConfigFile, PeftFolder.TensorFile], provider, TokenOf(options));

    /// <summary>The folder that a path names.</summary>
    /// <param name="path">A folder, which wins, or <c>org/name</c> or <c>org/name@revision</c>.</param>
    /// <param name="hub">How the hub is reached, or null.</param>
    /// <param name="choose">Picks the files that are needed.</param>
    /// <param name="provider">Logs what is downloaded, or null.</param>
    /// <param name="token">Stops the download.</param>
    public static string FolderOf(string path, HubOptions? hub, Func<IReadOnlyList<string>, IEnumerable<string>> choose, IChannelProvider? provider, CancellationToken token)
    {
        if (Directory.Exists(path) || HubReference.TryParse(HubRepositoryKind.Model, path) is not { } reference)
        {
            return path;
        }
        try
        {
            return Download(reference, hub, choose, provider, token);
        }
        catch (HubException exception) when (exception.Kind is HubErrorKind.RepositoryNotFound or HubErrorKind.NotInCache or HubErrorKind.Network)
        {
            throw new HubException(exception.Kind, $"There is no folder '{Path.GetFullPath(path)}', and the hub does not help: {exception.Message}", exception) { StatusCode = exception.StatusCode };
        }
    }

    /// <summary>Brings files of a repository into the cache.</summary>
    /// <param name="reference">The state of the repository.</param>
    /// <param name="hub">How the hub is reached, or null.</param>
    /// <param name="choose">Picks the files that are needed.</param>
    /// <param name="provider">Logs what is downloaded, or null.</param>
    /// <param name="token">Stops the download.</param>
    public static string Download(
        HubReference reference, HubOptions? hub, Func<IReadOnlyList<string>, IEnumerable<string>> choose, IChannelProvider? provider, CancellationToken token)
    {
        using IChannel? channel = provider?.Start("Hub");
        HubOptions reported = new()
        {
            Endpoint = hub?.Endpoint,
            Token = hub?.Token,
            CacheDirectory = hub?.CacheDirectory,
            IsOffline = hub?.IsOffline,
            Timeout = hub?.Timeout,
            Progress = new DownloadLog(hub?.Progress, line => MLNetHost.Info(channel!, line), channel is not null),
        };
        using HubClient client = new(HubSettings.From(reported));
        return Task.Run(() => new HubSnapshots(client).DownloadAsync(reference, choose, token), token).GetAwaiter().GetResult();
    }

    /// <summary>
    /// The files of a repository that make up a model: configuration, tokenizer, processor, chat template and safetensors, all at the top. Weights in one file win over
    /// those in several, as they do when the folder is read.
    /// </summary>
    public static IEnumerable<string> NeededFiles(IReadOnlyList<string> paths)
    {
        string[] weights = paths.Contains(CheckpointWeights.SingleFileName)
            ? [CheckpointWeights.SingleFileName]
            : [.. paths.Where(path => path == CheckpointWeights.IndexFileName || (path.StartsWith("model", StringComparison.Ordinal) && path.EndsWith(".safetensors", StringComparison.Ordinal) && !path.Contains('/')))];
        return weights.Any(path => path.EndsWith(".safetensors", StringComparison.Ordinal))
            ? [.. ModelFiles.DescriptionNames, .. weights]
            : throw new HubException(
                HubErrorKind.FileNotFound,
                "The repository has no safetensors weights at its top. Weights in other formats are code that would be run, and are not read: take a revision with safetensors, or convert the model.");
    }

    private static CancellationToken TokenOf(VlmModelOptions options) => (options as VlmTrainingOptions)?.CancellationToken ?? CancellationToken.None;

    private sealed class DownloadLog(IProgress<HubProgress>? next, Action<string> log, bool logs) : IProgress<HubProgress>
    {
        public void Report(HubProgress value)
        {
            next?.Report(value);
            if (logs && value.IsDone)
            {
                log($"downloaded '{value.File}' of {value.Repository}, {Math.Max(1, value.TotalBytes >> 10)} KB");
            }
        }
    }
}
