namespace Microsoft.ML.Vlm.Hub;

/// <summary>A repository of the hub.</summary>
/// <param name="Kind">What it holds.</param>
/// <param name="Id">Owner and name, such as <c>HuggingFaceTB/SmolVLM2-2.2B-Instruct</c>.</param>
internal sealed record HubRepository(HubRepositoryKind Kind, string Id)
{
    private static readonly (string Prefix, HubRepositoryKind Kind)[] s_prefixes =
        [("models--", HubRepositoryKind.Model), ("datasets--", HubRepositoryKind.Dataset), ("spaces--", HubRepositoryKind.Space)];

    /// <summary>The word in addresses of the programming interface: <c>models</c>, <c>datasets</c>, <c>spaces</c>.</summary>
    public string ApiName => Kind switch
    {
        HubRepositoryKind.Model => "models",
        HubRepositoryKind.Dataset => "datasets",
        _ => "spaces",
    };

    /// <summary>The repository in addresses of files and pages: the id, behind <c>datasets/</c> or <c>spaces/</c>.</summary>
    public string UrlPath => Kind == HubRepositoryKind.Model ? Id : $"{ApiName}/{Id}";

    /// <summary>Name of the folder in the cache: <c>models--org--name</c>.</summary>
    public string CacheFolderName => $"{ApiName}--{Id.Replace("/", "--", StringComparison.Ordinal)}";

    /// <summary>A repository.</summary>
    /// <exception cref="ArgumentException">The id is none.</exception>
    public static HubRepository Of(HubRepositoryKind kind, string id)
        => HubNames.IsRepositoryId(id)
            ? new HubRepository(kind, id)
            : throw new ArgumentException($"'{id}' is no repository of the hub. An id is an owner and a name, such as 'HuggingFaceTB/SmolVLM-256M-Instruct'.", nameof(id));

    /// <summary>The repository and the commit of a folder that is a snapshot in a cache; null for every other folder.</summary>
    public static (HubRepository Repository, string Commit)? OfSnapshot(string folder)
    {
        string[] parts = Path.TrimEndingDirectorySeparator(Path.GetFullPath(folder)).Split(Path.DirectorySeparatorChar);
        if (parts is not [.., var name, "snapshots", var commit] || !HubNames.IsCommit(commit))
        {
            return null;
        }
        foreach ((string prefix, HubRepositoryKind kind) in s_prefixes)
        {
            if (name.StartsWith(prefix, StringComparison.Ordinal) && name[prefix.Length..].Replace("--", "/", StringComparison.Ordinal) is { } id && HubNames.IsRepositoryId(id))
            {
                return (new HubRepository(kind, id), commit);
            }
        }
        return null;
    }
}
