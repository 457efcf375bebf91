namespace Microsoft.ML.Vlm;

/// <summary>So many requests wait for the model that no further one is taken (<see cref="VlmChatOptions.MaxWaitingRequests"/>). Try again later; a server answers with HTTP 429.</summary>
public sealed class VlmQueueFullException : Exception
{
    /// <summary>An error with a message.</summary>
    /// <param name="message">How many wait.</param>
    public VlmQueueFullException(string message)
        : base(message)
    {
    }
}
