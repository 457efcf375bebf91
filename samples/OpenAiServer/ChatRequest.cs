using System.Text.Json;
using Microsoft.Extensions.AI;

namespace OpenAiServer;

/// <summary>A request for a chat completion. What would change the answer and is not known is refused, never left out.</summary>
internal sealed class ChatRequest
{
    // Keys with no effect on the answer, or whose only accepted values have none.
    private static readonly HashSet<string> s_harmless = ["user", "store", "metadata", "service_tier", "parallel_tool_calls", "safety_identifier", "prompt_cache_key"];

    private ChatRequest(JsonElement body)
    {
        if (body.ValueKind != JsonValueKind.Object)
        {
            throw new ApiException(StatusCodes.Status400BadRequest, "The body has to be a JSON object.");
        }
        foreach (JsonProperty property in body.EnumerateObject().Where(property => property.Value.ValueKind != JsonValueKind.Null))
        {
            Read(property.Name, property.Value);
        }
        if (Messages.Count == 0)
        {
            throw new ApiException(StatusCodes.Status400BadRequest, "There are no messages.", parameter: "messages");
        }
    }

    /// <summary>The model that is asked for, or null.</summary>
    public string? Model { get; private set; }

    /// <summary>Whether the answer comes in pieces.</summary>
    public bool Streams { get; private set; }

    /// <summary>Whether a stream ends with the numbers of tokens.</summary>
    public bool IncludesUsage { get; private set; }

    /// <summary>The conversation.</summary>
    public List<ChatMessage> Messages { get; } = [];

    /// <summary>How to answer.</summary>
    public ChatOptions Options { get; } = new();

    /// <summary>Reads a body.</summary>
    /// <exception cref="ApiException">It is not what the protocol has, or asks for what is not done here.</exception>
    /// <exception cref="JsonException">It is no JSON.</exception>
    public static async Task<ChatRequest> ReadAsync(Stream body, CancellationToken token)
    {
        using JsonDocument document = await JsonDocument.ParseAsync(body, cancellationToken: token);
        try
        {
            return new ChatRequest(document.RootElement);
        }
        catch (InvalidOperationException exception)
        {
            // A value of another JSON type than the one that was read.
            throw new ApiException(StatusCodes.Status400BadRequest, exception.Message);
        }
    }

    private void Read(string name, JsonElement value)
    {
        switch (name)
        {
            case "model":
                Model = value.GetString();
                break;
            case "messages":
                Messages.AddRange(value.EnumerateArray().Select(ReadMessage));
                break;
            case "stream":
                Streams = value.GetBoolean();
                break;
            case "stream_options":
                IncludesUsage = value.TryGetProperty("include_usage", out JsonElement usage) && usage.ValueKind == JsonValueKind.True;
                break;
            case "max_tokens" or "max_completion_tokens":
                Options.MaxOutputTokens = value.GetInt32();
                break;
            case "temperature":
                Options.Temperature = value.GetSingle();
                break;
            case "top_p":
                Options.TopP = value.GetSingle();
                break;
            case "frequency_penalty":
                Options.FrequencyPenalty = value.GetSingle();
                break;
            case "presence_penalty":
                Options.PresencePenalty = value.GetSingle();
                break;
            case "seed":
                Options.Seed = value.GetInt64();
                break;
            case "stop":
                Options.StopSequences = value.ValueKind == JsonValueKind.String ? [value.GetString()!] : [.. value.EnumerateArray().Select(item => item.GetString()!)];
                break;
            case "response_format":
                Options.ResponseFormat = ReadFormat(value);
                break;
            case "n" when value.GetInt32() == 1:
            case "logprobs" when !value.GetBoolean():
            case "tools" when value.GetArrayLength() == 0:
            case "tool_choice" when value is { ValueKind: JsonValueKind.String } && value.GetString() == "none":
                break;
            default:
                if (!s_harmless.Contains(name))
                {
                    throw new ApiException(StatusCodes.Status400BadRequest, $"'{name}' with this value is not supported.", code: "unsupported_value", parameter: name);
                }
                break;
        }
    }

    private static ChatMessage ReadMessage(JsonElement message, int index)
    {
        string role = message.GetProperty("role", $"messages[{index}].role").GetString()!;
        JsonElement content = message.GetProperty("content", $"messages[{index}].content");
        // The newer name of the system's turn.
        ChatRole author = role == "developer" ? ChatRole.System : new ChatRole(role);
        return content.ValueKind == JsonValueKind.String
            ? new ChatMessage(author, content.GetString())
            : new ChatMessage(author, [.. content.EnumerateArray().Select((part, place) => ReadPart(part, $"messages[{index}].content[{place}]"))]);
    }

    private static AIContent ReadPart(JsonElement part, string at)
    {
        string type = part.GetProperty("type", at + ".type").GetString()!;
        switch (type)
        {
            case "text":
                return new TextContent(part.GetProperty("text", at + ".text").GetString());
            case "image_url":
                string address = part.GetProperty("image_url", at + ".image_url").GetProperty("url", at + ".image_url.url").GetString()!;
                return address.StartsWith("data:", StringComparison.OrdinalIgnoreCase)
                    ? new DataContent(address)
                    : throw new ApiException(StatusCodes.Status400BadRequest, "Images are not fetched from addresses; send them as data URIs.", code: "invalid_image_url", parameter: at);
            default:
                throw new ApiException(StatusCodes.Status400BadRequest, $"There are parts of the types text and image_url, not '{type}'.", parameter: at);
        }
    }

    private static ChatResponseFormat ReadFormat(JsonElement format)
    {
        string type = format.GetProperty("type", "response_format.type").GetString()!;
        switch (type)
        {
            case "text":
                return ChatResponseFormat.Text;
            case "json_object":
                return ChatResponseFormat.Json;
            case "json_schema":
                JsonElement described = format.GetProperty("json_schema", "response_format.json_schema");
                return ChatResponseFormat.ForJsonSchema(described.GetProperty("schema", "response_format.json_schema.schema").Clone());
            default:
                throw new ApiException(StatusCodes.Status400BadRequest, $"There is no response format '{type}'.", parameter: "response_format.type");
        }
    }
}
