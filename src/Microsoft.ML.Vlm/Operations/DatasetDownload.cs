using Microsoft.ML.Runtime;
using Microsoft.ML.Vlm.Data;
using Microsoft.ML.Vlm.Hub;

namespace Microsoft.ML.Vlm;

/// <summary>Brings the files of a data set of the hub into the cache: its README first, which says what files a split has, then those and the images that they name.</summary>
internal static class DatasetDownload
{
    private static readonly string[] s_images = [".png", ".jpg", ".jpeg", ".gif", ".bmp", ".webp"];

    /// <summary>The folder that a path names; the path itself where it is no id.</summary>
    /// <param name="path">What is on this machine wins; else <c>org/name</c> or <c>org/name@revision</c>.</param>
    /// <param name="options">Split, configuration, and how the hub is reached.</param>
    /// <param name="provider">Logs what is downloaded.</param>
    /// <exception cref="FileNotFoundException">The data set has no files with rows.</exception>
    /// <exception cref="HubException">The path is the id of a data set that cannot be had.</exception>
    /// <exception cref="InvalidDataException">Split or configuration are unknown.</exception>
    public static string FolderOf(string path, VlmDataOptions options, IChannelProvider provider)
    {
        if (File.Exists(path) || Directory.Exists(path) || DataFormats.IsKnown(path) || HubReference.TryParse(HubRepositoryKind.Dataset, path) is not { } reference)
        {
            return path;
        }
        try
        {
            return Download(reference, path, options, provider);
        }
        catch (HubException exception) when (exception.Kind is HubErrorKind.RepositoryNotFound or HubErrorKind.NotInCache or HubErrorKind.Network)
        {
            throw new HubException(exception.Kind, $"There is no file or folder '{Path.GetFullPath(path)}', and the hub does not help: {exception.Message}", exception) { StatusCode = exception.StatusCode };
        }
    }

    private static string Download(HubReference reference, string name, VlmDataOptions options, IChannelProvider provider)
    {
        IReadOnlyList<string>? listed = null;
        string Fetch(Func<IReadOnlyList<string>, IEnumerable<string>> choose) => ModelLocation.Download(reference, options.Hub, choose, provider, CancellationToken.None);
        string folder = Fetch(paths =>
        {
            listed = paths;
            return paths.Where(file => file == DatasetCard.FileName);
        });

        // Without a listing the hub was not asked, and what is in the cache has to do.
        return listed is null ? folder : Fetch(paths => Needed(name, paths, DatasetCard.Read(Path.Combine(folder, DatasetCard.FileName)), options));
    }

    private static IEnumerable<string> Needed(string name, IReadOnlyList<string> paths, DatasetCard? card, VlmDataOptions options)
    {
        string[] visible = [.. paths.Where(path => !path.Split('/').Any(part => part.StartsWith('.')))];
        IReadOnlyList<string> rows = DataLocation.Choose(name, visible, card, options.Split, options.Configuration).Paths;
        bool holdsImages = rows.All(path => path.EndsWith(".parquet", StringComparison.OrdinalIgnoreCase));
        return holdsImages ? rows : rows.Concat(visible.Where(path => s_images.Contains(Path.GetExtension(path).ToLowerInvariant())));
    }
}
