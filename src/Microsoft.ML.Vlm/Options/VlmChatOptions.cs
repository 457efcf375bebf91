namespace Microsoft.ML.Vlm;

/// <summary>How a chat client answers.</summary>
public sealed record VlmChatOptions
{
    /// <summary>
    /// How answers are generated where a request does not say it (<c>generation_config</c>). Null, the default, is the transformer's own, with at least 1,024 tokens an answer: a
    /// conversation that is cut off is of less use than one that takes its time.
    /// </summary>
    public GenerationOptions? Generation { get; init; }

    /// <summary>Name under which the model answers (<c>model</c> of OpenAI's protocol); null, the default, is the id on the hub or the name of the folder.</summary>
    public string? ModelId { get; init; }

    /// <summary>
    /// Answers that grow at the same time, each with a key/value cache of its own; they take turns, a token each. Further requests wait in the order in which they came.
    /// At least 1; default 4.
    /// </summary>
    public int MaxConcurrentAnswers { get; init; } = 4;

    /// <summary>Requests that may wait; a further one fails with <see cref="VlmQueueFullException"/>. At least 0; default 1,000.</summary>
    public int MaxWaitingRequests { get; init; } = 1000;

    /// <summary>Throws for a value out of its range.</summary>
    /// <exception cref="ArgumentOutOfRangeException">Names the option, its value and its range.</exception>
    public void Validate()
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(MaxConcurrentAnswers, 1);
        ArgumentOutOfRangeException.ThrowIfNegative(MaxWaitingRequests);
        Generation?.Validate();
    }
}
