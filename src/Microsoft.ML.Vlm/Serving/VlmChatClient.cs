using System.Runtime.CompilerServices;
using Microsoft.Extensions.AI;
using Microsoft.ML.Vlm.Generation;
using Microsoft.ML.Vlm.Processing;
using Microsoft.ML.Vlm.Serving;

namespace Microsoft.ML.Vlm;

/// <summary>A vision-language model as a chat client of <c>Microsoft.Extensions.AI</c>: conversations with images, answered piece by piece.</summary>
/// <remarks>
/// Safe for any number of threads. <see cref="VlmChatOptions.MaxConcurrentAnswers"/> answers grow at the same time and take turns, a token each, so that none waits for the end of
/// another; further requests wait in the order in which they came, and leave the queue when they are cancelled. An answer that is cancelled, or whose pieces nobody asks for any
/// longer, ends between two tokens and frees its memory; the prompt itself is read in one piece. Every request reads its whole conversation, so that no answer depends on what was
/// asked before; only features of images, which are the same bits, are kept for the next turns (<see cref="VlmModelOptions.ScoringFeatureCacheBytes"/>).
/// <para>
/// Texts may come from strangers; images are decoded within bounds, and nothing is fetched from an address. Tools are not called: wrap the client with <c>ChatClientBuilder</c>
/// for caching, logging and telemetry.
/// </para>
/// </remarks>
public sealed class VlmChatClient : IChatClient
{
    private const int LeastAnswerTokens = 1024;

    private readonly VlmTransformer _transformer;
    private readonly bool _ownsTransformer;
    private readonly GenerationOptions _defaults;
    private readonly ChatClientMetadata _metadata;
    private readonly TurnQueue _answers;
    private readonly TurnQueue _tokens = new(1, int.MaxValue);

    internal VlmChatClient(VlmTransformer transformer, VlmChatOptions options, bool ownsTransformer)
    {
        options.Validate();
        _transformer = transformer;
        _ownsTransformer = ownsTransformer;
        GenerationOptions own = transformer.Generation;
        _defaults = transformer.Seeded(options.Generation ?? own with { MaxNewTokens = Math.Max(own.MaxNewTokens, LeastAnswerTokens) });
        string folder = transformer.Engine.Folder.Path;
        ModelId = options.ModelId ?? transformer.Engine.Folder.HubId ?? Path.GetFileName(Path.TrimEndingDirectorySeparator(folder));
        _metadata = new ChatClientMetadata("Microsoft.ML.Vlm", null, ModelId);
        _answers = new TurnQueue(options.MaxConcurrentAnswers, options.MaxWaitingRequests);
    }

    /// <summary>Name under which the model answers.</summary>
    public string ModelId { get; }

    /// <summary>Requests that wait for an answer to begin.</summary>
    public int WaitingRequests => _answers.WaitingCount;

    /// <summary>Answers a conversation.</summary>
    /// <param name="messages">
    /// The turns in order, of the roles system, user and assistant; their contents are <see cref="TextContent"/> and <see cref="DataContent"/> with an image's bytes. A last turn of the
    /// assistant is continued.
    /// </param>
    /// <param name="options">
    /// How to answer; null for the client's own. Tokens, temperature, top-k, top-p, seed, stop sequences, instructions and the response format are followed (JSON by a schema always fits it);
    /// <see cref="ChatOptions.RawRepresentationFactory"/> may give <see cref="GenerationOptions"/> to start from; <see cref="ChatOptions.ModelId"/> is not looked at.
    /// </param>
    /// <param name="cancellationToken">Ends the waiting, or the answer between two tokens.</param>
    /// <exception cref="ArgumentException">An option is out of its range, a message is empty, or the conversation does not fit into the model's context.</exception>
    /// <exception cref="InvalidDataException">An image cannot be decoded.</exception>
    /// <exception cref="NotSupportedException">The request asks for what is not done here, such as a tool or an image behind an address; says what to do instead.</exception>
    /// <exception cref="VlmQueueFullException">Too many requests wait.</exception>
    public Task<ChatResponse> GetResponseAsync(IEnumerable<ChatMessage> messages, ChatOptions? options = null, CancellationToken cancellationToken = default)
        => GetStreamingResponseAsync(messages, options, cancellationToken).ToChatResponseAsync(cancellationToken);

    /// <summary>Answers a conversation piece by piece; the last update has the reason of the end and the numbers of tokens.</summary>
    /// <inheritdoc cref="GetResponseAsync"/>
    public IAsyncEnumerable<ChatResponseUpdate> GetStreamingResponseAsync(
        IEnumerable<ChatMessage> messages, ChatOptions? options = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(messages);
        return StreamAsync([.. messages], options, cancellationToken);
    }

    /// <summary>The client itself, its metadata or its transformer; null for anything else.</summary>
    public object? GetService(Type serviceType, object? serviceKey = null)
    {
        ArgumentNullException.ThrowIfNull(serviceType);
        return serviceKey is not null ? null
            : serviceType == typeof(ChatClientMetadata) ? _metadata
            : serviceType == typeof(VlmTransformer) ? _transformer
            : serviceType.IsInstanceOfType(this) ? this : null;
    }

    /// <summary>Frees the model if this client has loaded it; a transformer that the client was made of stays its owner's.</summary>
    public void Dispose()
    {
        if (_ownsTransformer)
        {
            _transformer.Dispose();
        }
    }

    private async IAsyncEnumerable<ChatResponseUpdate> StreamAsync(
        IReadOnlyList<ChatMessage> messages, ChatOptions? options, [EnumeratorCancellation] CancellationToken token)
    {
        VlmEngine engine = _transformer.Engine;
        GenerationOptions generation = ChatOptionsReader.Read(options, this, _defaults);
        using IDisposable place = await _answers.EnterAsync(token).ConfigureAwait(false);
        VlmSample prompt = await Task.Run(() => engine.CreatePrompt(ConversationReader.Read(messages, options?.Instructions)), token).ConfigureAwait(false);
        using AnswerStream answer = await TakeTurnAsync(() => engine.Open(prompt, Bounded(generation, prompt, engine.ContextLength)), token).ConfigureAwait(false);
        string id = $"chatcmpl-{Guid.NewGuid():N}";
        while (await TakeTurnAsync(() => engine.Advance(answer, token), token).ConfigureAwait(false))
        {
            if (answer.Text.Length > 0)
            {
                yield return Update(id, new TextContent(answer.Text));
            }
        }
        ChatResponseUpdate last = Update(id, new UsageContent(new UsageDetails
        {
            InputTokenCount = prompt.Tokens.Length,
            OutputTokenCount = answer.TokenCount,
            TotalTokenCount = prompt.Tokens.Length + answer.TokenCount,
        }));
        last.FinishReason = answer.StopReason == StopReason.MaxNewTokens ? ChatFinishReason.Length : ChatFinishReason.Stop;
        yield return last;
    }

    // Tokens of different answers alternate, since whoever has had a turn queues up behind the others.
    private async Task<T> TakeTurnAsync<T>(Func<T> compute, CancellationToken token)
    {
        using IDisposable turn = await _tokens.EnterAsync(token).ConfigureAwait(false);
        return await Task.Run(compute, token).ConfigureAwait(false);
    }

    private ChatResponseUpdate Update(string id, AIContent content) => new(ChatRole.Assistant, [content])
    {
        ResponseId = id,
        MessageId = id,
        ModelId = ModelId,
        CreatedAt = DateTimeOffset.UtcNow,
    };

    // The key/value cache is allocated for the longest answer: what a stranger asks for must not decide its size.
    private static GenerationOptions Bounded(GenerationOptions options, VlmSample prompt, int contextLength)
    {
        int room = contextLength - prompt.Tokens.Length;
        return room > 0
            ? options with { MaxNewTokens = Math.Min(options.MaxNewTokens, room) }
            : throw new ArgumentException(
                $"The conversation has {prompt.Tokens.Length:N0} tokens, images included; the model was made for {contextLength:N0} together with the answer. Leave out earlier turns or images.");
    }
}
