using System.Text;
using System.Text.Json;
using Microsoft.Extensions.AI;

namespace OpenAiServer;

/// <summary>OpenAI's chat protocol over an <see cref="IChatClient"/>: <c>/v1/chat/completions</c>, whole and in pieces, and <c>/v1/models</c>.</summary>
internal static class ChatEndpoints
{
    private static readonly JsonSerializerOptions s_json = new(JsonSerializerDefaults.Web);

    /// <summary>Adds the endpoints. A client that goes away ends its answer.</summary>
    public static void MapOpenAiChat(this IEndpointRouteBuilder app)
    {
        app.MapPost("/v1/chat/completions", (HttpContext context, IChatClient client) => GuardAsync(context, () => CompleteAsync(context, client)));
        app.MapGet("/v1/models", (IChatClient client) => new { @object = "list", data = new[] { Describe(client) } });
        app.MapGet("/v1/models/{*id}", (HttpContext context, IChatClient client, string id) => GuardAsync(context, () =>
        {
            CheckModel(id, client);
            return context.Response.WriteAsJsonAsync(Describe(client), context.RequestAborted);
        }));
    }

    private static async Task CompleteAsync(HttpContext context, IChatClient client)
    {
        ChatRequest request = await ChatRequest.ReadAsync(context.Request.Body, context.RequestAborted);
        CheckModel(request.Model, client);
        if (request.Streams)
        {
            await StreamAsync(context, client, request);
            return;
        }
        ChatResponse response = await client.GetResponseAsync(request.Messages, request.Options, context.RequestAborted);
        await context.Response.WriteAsJsonAsync(
            new
            {
                id = response.ResponseId,
                @object = "chat.completion",
                created = Seconds(response.CreatedAt),
                model = response.ModelId,
                choices = new[] { new { index = 0, message = new { role = "assistant", content = response.Text }, finish_reason = Reason(response.FinishReason) } },
                usage = Usage(response.Usage),
            },
            s_json,
            context.RequestAborted);
    }

    private static async Task StreamAsync(HttpContext context, IChatClient client, ChatRequest request)
    {
        await using IAsyncEnumerator<ChatResponseUpdate> updates =
            client.GetStreamingResponseAsync(request.Messages, request.Options, context.RequestAborted).GetAsyncEnumerator(context.RequestAborted);
        // An error in the request shows before the first piece, and still has a status then.
        bool isMore = await updates.MoveNextAsync();
        context.Response.ContentType = "text/event-stream";
        context.Response.Headers.CacheControl = "no-cache";
        bool isFirst = true;
        for (; isMore; isMore = await updates.MoveNextAsync())
        {
            ChatResponseUpdate update = updates.Current;
            UsageDetails? usage = update.Contents.OfType<UsageContent>().FirstOrDefault()?.Details;
            object delta = isFirst ? new { role = "assistant", content = update.Text } : update.Text.Length > 0 ? new { content = update.Text } : new { };
            await SendAsync(context, Chunk(update, [new { index = 0, delta, finish_reason = update.FinishReason is null ? null : Reason(update.FinishReason) }], null));
            if (usage is not null && request.IncludesUsage)
            {
                await SendAsync(context, Chunk(update, [], Usage(usage)));
            }
            isFirst = false;
        }
        await WriteEventAsync(context, "[DONE]");
    }

    // Errors become the protocol's bodies; in the middle of a stream, its last event.
    private static async Task GuardAsync(HttpContext context, Func<Task> answer)
    {
        try
        {
            await answer();
        }
        catch (OperationCanceledException) when (context.RequestAborted.IsCancellationRequested)
        {
            // Nobody is there any longer.
        }
        catch (Exception exception)
        {
            ApiException? known = ApiException.From(exception);
            if (known is null)
            {
                context.RequestServices.GetRequiredService<ILoggerFactory>().CreateLogger(nameof(ChatEndpoints)).LogError(exception, "The answer failed.");
                known = new ApiException(StatusCodes.Status500InternalServerError, "The server failed.", "server_error");
            }
            if (context.Response.HasStarted)
            {
                await SendAsync(context, known.Body);
                return;
            }
            context.Response.StatusCode = known.Status;
            await context.Response.WriteAsJsonAsync(known.Body, s_json, CancellationToken.None);
        }
    }

    private static void CheckModel(string? asked, IChatClient client)
    {
        string? served = ModelOf(client);
        if (asked != served)
        {
            throw new ApiException(StatusCodes.Status404NotFound, $"There is no model '{asked}' here; there is '{served}'.", code: "model_not_found", parameter: "model");
        }
    }

    private static string? ModelOf(IChatClient client) => client.GetService<ChatClientMetadata>()?.DefaultModelId;

    private static object Describe(IChatClient client)
        => new { id = ModelOf(client), @object = "model", created = Seconds(DateTimeOffset.UnixEpoch), owned_by = client.GetService<ChatClientMetadata>()?.ProviderName };

    private static object Chunk(ChatResponseUpdate update, object[] choices, object? usage)
        => new { id = update.ResponseId, @object = "chat.completion.chunk", created = Seconds(update.CreatedAt), model = update.ModelId, choices, usage };

    private static object? Usage(UsageDetails? usage)
        => usage is null ? null : new { prompt_tokens = usage.InputTokenCount, completion_tokens = usage.OutputTokenCount, total_tokens = usage.TotalTokenCount };

    private static string Reason(ChatFinishReason? reason) => reason == ChatFinishReason.Length ? "length" : "stop";

    private static long Seconds(DateTimeOffset? time) => (time ?? DateTimeOffset.UnixEpoch).ToUnixTimeSeconds();

    private static Task SendAsync(HttpContext context, object data) => WriteEventAsync(context, JsonSerializer.Serialize(data, s_json));

    private static async Task WriteEventAsync(HttpContext context, string data)
    {
        await context.Response.Body.WriteAsync(Encoding.UTF8.GetBytes($"data: {data}\n\n"), context.RequestAborted);
        await context.Response.Body.FlushAsync(context.RequestAborted);
    }
}
