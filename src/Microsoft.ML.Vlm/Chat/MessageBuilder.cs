using System.Text.Json;
using System.Text.Json.Nodes;

namespace Microsoft.ML.Vlm.Chat;

/// <summary>Makes turns from what users write: a prompt's text, or a conversation as JSON.</summary>
internal static class MessageBuilder
{
    /// <summary>What a user writes into a prompt where an image belongs, whatever the model's own token is.</summary>
    public const string ImageMark = "<image>";

    private static readonly string[] s_roles = ["system", "user", "assistant", "tool"];

    /// <summary>A user turn from a text. Its <see cref="ImageMark"/>s become image places; without marks all images come first.</summary>
    /// <param name="text">The prompt.</param>
    /// <param name="imageCount">Images of the row.</param>
    /// <param name="columnName">Where the text comes from; shown in errors.</param>
    /// <param name="row">Row in the data; shown in errors.</param>
    /// <exception cref="InvalidDataException">There are marks, and their number is not that of the images.</exception>
    public static VlmMessage FromPrompt(string text, int imageCount, string columnName, long row)
        => PlaceImages([FromUserText(text)], imageCount, columnName, row)[0];

    /// <summary>Whether a text is a conversation as JSON: an array whose first item is an object with the key <c>role</c>.</summary>
    /// <remarks>The rule of TRL's <c>is_conversational</c>, for a text that may hold either.</remarks>
    public static bool IsConversation(string text)
    {
        if (!text.AsSpan().TrimStart().StartsWith("[", StringComparison.Ordinal) || !text.Contains("\"role\"", StringComparison.Ordinal))
        {
            return false;
        }
        try
        {
            using JsonDocument document = JsonDocument.Parse(text);
            return document.RootElement.GetArrayLength() > 0 && document.RootElement[0] is { ValueKind: JsonValueKind.Object } first && first.TryGetProperty("role", out _);
        }
        catch (JsonException)
        {
            return false;
        }
    }

    /// <summary>A conversation from the text of its JSON.</summary>
    /// <param name="json">The text.</param>
    /// <param name="columnName">Where it comes from; shown in errors.</param>
    /// <param name="row">Row in the data; shown in errors.</param>
    /// <exception cref="InvalidDataException">It is no JSON, or of another form; names the place or the turn.</exception>
    public static IReadOnlyList<VlmMessage> FromJson(string json, string columnName, long row)
    {
        try
        {
            using JsonDocument document = JsonDocument.Parse(json);
            return FromJson(document.RootElement, columnName, row);
        }
        catch (JsonException exception)
        {
            throw new InvalidDataException(
                $"Row {row:N0}, '{columnName}': not JSON: {exception.Message} A conversation is an array of turns, such as "
                + """[{"role": "user", "content": "What is this?"}, {"role": "assistant", "content": "A bar."}].""",
                exception);
        }
    }

    /// <summary>
    /// A conversation in the form of chat data sets: an array of <c>{"role", "content"}</c>, the content a string or an array of parts
    /// <c>{"type": "text", "text"}</c> and <c>{"type": "image"}</c>. Keys with null values count as absent; further keys of a turn are kept for the template.
    /// </summary>
    /// <param name="messages">The array.</param>
    /// <param name="columnName">Where it comes from; shown in errors.</param>
    /// <param name="row">Row in the data; shown in errors.</param>
    /// <exception cref="InvalidDataException">Another form; names the turn.</exception>
    public static IReadOnlyList<VlmMessage> FromJson(JsonElement messages, string columnName, long row)
    {
        if (messages.ValueKind != JsonValueKind.Array)
        {
            throw Invalid("a conversation is an array of turns");
        }
        var turns = new List<VlmMessage>();
        foreach (JsonElement message in messages.EnumerateArray())
        {
            string role = TextOf(message, "role") ?? throw Invalid($"turn {turns.Count + 1} has no 'role'");
            if (!s_roles.Contains(role))
            {
                throw Invalid($"turn {turns.Count + 1} has the role '{role}'; there are {string.Join(", ", s_roles)}");
            }
            Dictionary<string, JsonElement> fields = message.EnumerateObject()
                .Where(field => field.Name is not ("role" or "content") && field.Value.ValueKind != JsonValueKind.Null)
                .ToDictionary(field => field.Name, field => WithoutNulls(field.Value));
            VlmMessage turn = ReadTurn(role, message, fields.ContainsKey("tool_calls"));
            turns.Add(fields.Count > 0 ? turn with { Fields = fields } : turn);
        }
        return turns.Count > 0 ? turns : throw Invalid("the conversation has no turn");

        VlmMessage ReadTurn(string role, JsonElement message, bool callsTools)
        {
            JsonElement content = message.TryGetProperty("content", out JsonElement value) ? value : default;
            return content.ValueKind switch
            {
                JsonValueKind.String when role == "user" => FromUserText(content.GetString()!),
                JsonValueKind.String => VlmMessage.FromText(role, content.GetString()!),
                JsonValueKind.Array => new VlmMessage(role, [.. content.EnumerateArray().Select(part => ReadPart(role, part))]),
                JsonValueKind.Null or JsonValueKind.Undefined when callsTools => new VlmMessage(role, []),
                _ => throw Invalid($"turn {turns.Count + 1} has no 'content' that is a text or an array of parts"),
            };
        }

        MessagePart ReadPart(string role, JsonElement part) => TextOf(part, "type") switch
        {
            "text" => MessagePart.FromText(TextOf(part, "text") ?? throw Invalid($"a text part of turn {turns.Count + 1} has no 'text'")),
            "image" when role == "tool" => throw Invalid($"turn {turns.Count + 1}, of a tool, has an image; tools answer in text"),
            "image" when part.TryGetProperty("image", out JsonElement image) && image.ValueKind != JsonValueKind.Null => throw Invalid(
                $"an image part of turn {turns.Count + 1} carries an 'image' of its own, which is not read. Give the images in the image columns, in the order of their places"),
            "image" => MessagePart.Image,
            var other => throw Invalid($"turn {turns.Count + 1} has a part of the type '{other}'; there are text and image"),
        };

        InvalidDataException Invalid(string what) => new($"Row {row:N0}, '{columnName}': {what}.");
    }

    /// <summary>
    /// Gives every image of a row a place. The first turn of the user that is a plain text takes all images in front of it; then the number of places has to be
    /// that of the images. A text with <see cref="ImageMark"/>s and a content of parts have their places already.
    /// </summary>
    /// <remarks>TRL's <c>prepare_multimodal_messages</c>, which knows no marks and would refuse such rows.</remarks>
    /// <param name="messages">The turns before the answer, or the whole conversation.</param>
    /// <param name="imageCount">Images of the row.</param>
    /// <param name="columnName">Where the turns come from; shown in errors.</param>
    /// <param name="row">Row in the data; shown in errors.</param>
    /// <exception cref="InvalidDataException">Places and images differ in number.</exception>
    public static IReadOnlyList<VlmMessage> PlaceImages(IReadOnlyList<VlmMessage> messages, int imageCount, string columnName, long row)
    {
        VlmMessage[] placed = [.. messages];
        int first = Array.FindIndex(placed, message => message is { Role: "user", IsPlain: true });
        if (first >= 0 && imageCount > 0 && !messages.Any(message => message.Content.Any(part => part.IsImage)))
        {
            placed[first] = placed[first] with { Content = [.. Enumerable.Repeat(MessagePart.Image, imageCount), .. placed[first].Content], IsPlain = false };
        }
        int places = placed.Sum(message => message.Content.Count(part => part.IsImage));
        return places == imageCount
            ? placed
            : throw new InvalidDataException(
                $"Row {row:N0}: {Count(imageCount)} but {places} {ImageMark} place{(places == 1 ? "" : "s")} in '{columnName}'. " + (first >= 0 || places > 0
                    ? $"Give one {ImageMark} per image, or none to put all images first."
                    : "Give one {\"type\": \"image\"} per image, or the first turn of the user as a text, which puts all images first."));
    }

    /// <summary>A user turn whose <see cref="ImageMark"/>s are image places; without marks it takes the images of the row later (<see cref="PlaceImages"/>).</summary>
    public static VlmMessage FromUserText(string text)
    {
        string[] pieces = text.Split(ImageMark);
        if (pieces.Length == 1)
        {
            return VlmMessage.FromText("user", text);
        }
        var parts = new List<MessagePart>();
        for (int index = 0; index < pieces.Length; index++)
        {
            if (index > 0)
            {
                parts.Add(MessagePart.Image);
            }
            if (pieces[index].Length > 0)
            {
                parts.Add(MessagePart.FromText(pieces[index]));
            }
        }
        return new VlmMessage("user", parts);
    }

    // Columnar files give every key to every item of a list, with null where it was absent; a template would take these for values.
    private static JsonElement WithoutNulls(JsonElement element)
    {
        using JsonDocument document = JsonDocument.Parse(Strip(JsonNode.Parse(element.GetRawText()))!.ToJsonString());
        return document.RootElement.Clone();
    }

    private static JsonNode? Strip(JsonNode? node)
    {
        switch (node)
        {
            case JsonObject item:
                foreach (string key in item.Where(pair => pair.Value is null).Select(pair => pair.Key).ToArray())
                {
                    item.Remove(key);
                }
                foreach (KeyValuePair<string, JsonNode?> pair in item)
                {
                    Strip(pair.Value);
                }
                break;
            case JsonArray list:
                foreach (JsonNode? entry in list)
                {
                    Strip(entry);
                }
                break;
        }
        return node;
    }

    private static string Count(int images) => images == 1 ? "1 image" : $"{images} images";

    private static string? TextOf(JsonElement element, string key)
        => element.ValueKind == JsonValueKind.Object && element.TryGetProperty(key, out JsonElement value) && value.ValueKind == JsonValueKind.String
            ? value.GetString() : null;
}
