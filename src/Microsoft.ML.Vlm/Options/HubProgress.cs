namespace Microsoft.ML.Vlm;

/// <summary>How far a file is on its way from or to the hub: enough to draw a bar for each file and one for all.</summary>
public sealed record HubProgress
{
    /// <summary>The repository, such as <c>org/name</c>.</summary>
    public required string Repository { get; init; }

    /// <summary>Path of the file in the repository.</summary>
    public required string File { get; init; }

    /// <summary>Bytes of the file that are through, those of an earlier try that is gone on with included.</summary>
    public required long Bytes { get; init; }

    /// <summary>Bytes of the file.</summary>
    public required long TotalBytes { get; init; }

    /// <summary>Files that are moved together with this one, those that were there already left out.</summary>
    public required int FileCount { get; init; }

    /// <summary>Bytes of all these files.</summary>
    public required long AllFilesBytes { get; init; }

    /// <summary>Whether the file goes to the hub; else it comes from there.</summary>
    public bool IsUpload { get; init; }

    /// <summary>Whether the file is complete and checked.</summary>
    public bool IsDone { get; init; }
}
