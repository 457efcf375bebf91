using Microsoft.Extensions.AI;

namespace Microsoft.ML.Vlm.Serving;

/// <summary>From the options of <c>Microsoft.Extensions.AI</c> to those of this library. What would change the answer and is not done here is refused.</summary>
internal static class ChatOptionsReader
{
    private const string AnyObject = """{"type": "object"}""";

    /// <summary>Options of one answer.</summary>
    /// <param name="options">The request's options, or null.</param>
    /// <param name="client">Passed to <see cref="ChatOptions.RawRepresentationFactory"/>, which may give <see cref="GenerationOptions"/> to start from.</param>
    /// <param name="defaults">What holds where the request says nothing.</param>
    /// <exception cref="ArgumentException">A value is out of its range.</exception>
    /// <exception cref="NotSupportedException">The request asks for what this model or library does not do; names it.</exception>
    public static GenerationOptions Read(ChatOptions? options, IChatClient client, GenerationOptions defaults)
    {
        if (options is null)
        {
            return defaults;
        }
        Refuse(options);
        GenerationOptions start = options.RawRepresentationFactory?.Invoke(client) as GenerationOptions ?? defaults;
        GenerationOptions result = start with
        {
            MaxNewTokens = options.MaxOutputTokens ?? start.MaxNewTokens,
            // To the shortest decimal, so that 0.7f is 0.7.
            Temperature = options.Temperature is { } temperature ? (double)(decimal)temperature : start.Temperature,
            TopP = options.TopP is { } topP ? (double)(decimal)topP : start.TopP,
            TopK = options.TopK ?? start.TopK,
            Seed = options.Seed is { } seed ? (int)(seed ^ (seed >> 32)) : start.Seed,
            StopSequences = options.StopSequences is { Count: > 0 } stops ? [.. stops] : start.StopSequences,
            JsonSchema = options.ResponseFormat is ChatResponseFormatJson json ? json.Schema?.GetRawText() ?? AnyObject : start.JsonSchema,
        };
        result.Validate();
        return result;
    }

    private static void Refuse(ChatOptions options)
    {
        if (options.Tools is { Count: > 0 } && options.ToolMode is not NoneChatToolMode)
        {
            throw new NotSupportedException("Tools are not called by this model. Leave ChatOptions.Tools out, or set ToolMode to None.");
        }
        if (options.ConversationId is { } conversation)
        {
            throw new NotSupportedException($"Conversations are not kept ('{conversation}'); send all messages with every request and leave ConversationId out.");
        }
        if (options.FrequencyPenalty is not (null or 0) || options.PresencePenalty is not (null or 0))
        {
            throw new NotSupportedException(
                "FrequencyPenalty and PresencePenalty are not supported; GenerationOptions.RepetitionPenalty is, through ChatOptions.RawRepresentationFactory.");
        }
    }
}
