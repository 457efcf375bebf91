using System.Net;

namespace Microsoft.ML.Vlm;

/// <summary>The hub, or the way to it, failed; the message says at what, and what to do.</summary>
public sealed class HubException : IOException
{
    /// <summary>An error.</summary>
    /// <param name="kind">Why.</param>
    /// <param name="message">What, where, and the remedy.</param>
    /// <param name="innerException">What led to it, or null.</param>
    public HubException(HubErrorKind kind, string message, Exception? innerException = null)
        : base(message, innerException) => Kind = kind;

    /// <summary>Why.</summary>
    public HubErrorKind Kind { get; }

    /// <summary>What the server answered; null when there was no answer.</summary>
    public HttpStatusCode? StatusCode { get; init; }
}
