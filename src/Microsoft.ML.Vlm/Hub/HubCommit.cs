namespace Microsoft.ML.Vlm.Hub;

/// <summary>What a commit is to be like.</summary>
internal sealed record HubCommit
{
    /// <summary>First line of the message.</summary>
    public required string Message { get; init; }

    /// <summary>The branch.</summary>
    public string Revision { get; init; } = HubReference.DefaultRevision;

    /// <summary>Whether it goes into a pull request.</summary>
    public bool IsPullRequest { get; init; }

    /// <summary>Folders that are emptied first.</summary>
    public IReadOnlyList<string> ReplacedFolders { get; init; } = [];
}
