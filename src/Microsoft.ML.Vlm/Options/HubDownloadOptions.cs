namespace Microsoft.ML.Vlm;

/// <summary>What is downloaded from the hub. The names in brackets are those of <c>snapshot_download</c>.</summary>
public sealed class HubDownloadOptions
{
    /// <summary>What the repository holds (<c>repo_type</c>). Default <see cref="HubRepositoryKind.Model"/>.</summary>
    public HubRepositoryKind Kind { get; set; }

    /// <summary>
    /// Patterns of which a file has to fit one (<c>allow_patterns</c>), such as <c>data/train-*.parquet</c>: <c>*</c> stands for any signs, those between folders included, <c>?</c> for one,
    /// <c>[ab]</c> for one of several. Null, the default, takes all files.
    /// </summary>
    public IReadOnlyList<string>? AllowPatterns { get; set; }

    /// <summary>Patterns of which a file may fit none (<c>ignore_patterns</c>). Null, the default, leaves none out.</summary>
    public IReadOnlyList<string>? IgnorePatterns { get; set; }

    /// <summary>How the hub is reached; null, the default, takes all from the environment.</summary>
    public HubOptions? Hub { get; set; }
}
