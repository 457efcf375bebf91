using System.Net;

namespace Microsoft.ML.Vlm.Hub;

/// <summary>A request to the hub, which may be sent several times.</summary>
/// <param name="Method">The verb.</param>
/// <param name="Address">Where to.</param>
/// <param name="Subject">What it is about, as errors name it: a repository, a file, a job.</param>
internal sealed record HubRequest(HttpMethod Method, Uri Address, string Subject)
{
    /// <summary>Makes the body; called for each try. Null for none. Its argument is called as often as bytes go out.</summary>
    public Func<Action, HttpContent>? Content { get; init; }

    /// <summary>Media type of the answer.</summary>
    public string Accept { get; init; } = "application/json";

    /// <summary>First byte asked for; 0 asks for all.</summary>
    public long From { get; init; }

    /// <summary>Whether redirects to other hosts are followed, without the token; else they are the answer.</summary>
    public bool FollowsOtherHosts { get; init; } = true;

    /// <summary>Whether the token may go along.</summary>
    public bool SendsToken { get; init; } = true;

    /// <summary>Tries behind the first one after errors of the connection.</summary>
    public int NetworkRetries { get; init; } = 1;

    /// <summary>Longest wait for the head of the answer; null for the usual one.</summary>
    public TimeSpan? Timeout { get; init; }

    /// <summary>Answers beside the successful ones that the caller wants to see.</summary>
    public IReadOnlyList<HttpStatusCode> Expected { get; init; } = [];
}
