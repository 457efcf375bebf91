namespace Microsoft.ML.Vlm;

/// <summary>What a push to the hub has led to.</summary>
public sealed record HubPush
{
    /// <summary>Owner and name of the repository.</summary>
    public required string Repository { get; init; }

    /// <summary>The page of the repository.</summary>
    public required string Url { get; init; }

    /// <summary>The commit; null when the repository had every file already.</summary>
    public string? Commit { get; init; }

    /// <summary>The page of the pull request; null when none was asked for.</summary>
    public string? PullRequestUrl { get; init; }
}
