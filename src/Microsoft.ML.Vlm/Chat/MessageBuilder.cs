using System.Text.Json;

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
    {
        string[] pieces = text.Split(ImageMark);
        if (pieces.Length == 1)
        {
            return new VlmMessage("user", [.. Enumerable.Repeat(MessagePart.Image, imageCount), MessagePart.FromText(text)]);
        }
        CheckPlaces(imageCount, pieces.Length - 1, columnName, row);
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

    /// <summary>
    /// A conversation in the form of chat data sets: an array of <c>{"role", "content"}</c>, the content a string or an array of parts
    /// <c>{"type": "text", "text"}</c> and <c>{"type": "image"}</c>. Keys with null values count as absent.
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
            turns.Add(new VlmMessage(role, ReadContent(message)));
        }
        return turns;

        List<MessagePart> ReadContent(JsonElement message)
        {
            JsonElement content = message.TryGetProperty("content", out JsonElement value) ? value : default;
            return content.ValueKind switch
            {
                JsonValueKind.String => [MessagePart.FromText(content.GetString()!)],
                JsonValueKind.Array => [.. content.EnumerateArray().Select(ReadPart)],
                _ => throw Invalid($"turn {turns.Count + 1} has no 'content' that is a text or an array of parts"),
            };
        }

        MessagePart ReadPart(JsonElement part) => TextOf(part, "type") switch
        {
            "text" => MessagePart.FromText(TextOf(part, "text") ?? throw Invalid($"a text part of turn {turns.Count + 1} has no 'text'")),
            "image" => MessagePart.Image,
            var other => throw Invalid($"turn {turns.Count + 1} has a part of the type '{other}'; there are text and image"),
        };

        InvalidDataException Invalid(string what) => new($"Row {row:N0}, '{columnName}': {what}.");
    }

    /// <summary>
    /// Gives every image of a row a place: when no turn has image places, all go in front of the content of the first user turn; otherwise the number of
    /// places has to be that of the images.
    /// </summary>
    /// <param name="messages">The turns before the answer, or the whole conversation.</param>
    /// <param name="imageCount">Images of the row.</param>
    /// <param name="columnName">Where the turns come from; shown in errors.</param>
    /// <param name="row">Row in the data; shown in errors.</param>
    /// <exception cref="InvalidDataException">Places and images differ in number, or there is no user turn.</exception>
    public static IReadOnlyList<VlmMessage> PlaceImages(IReadOnlyList<VlmMessage> messages, int imageCount, string columnName, long row)
    {
        int places = messages.Sum(message => message.Content.Count(part => part.IsImage));
        if (places > 0 || imageCount == 0)
        {
            CheckPlaces(imageCount, places, columnName, row);
            return messages;
        }
        VlmMessage[] placed = [.. messages];
        int first = Array.FindIndex(placed, message => message.Role == "user");
        if (first < 0)
        {
            throw new InvalidDataException($"Row {row:N0}: '{columnName}' has no turn of the user that could show the {Count(imageCount)}.");
        }
        placed[first] = placed[first] with { Content = [.. Enumerable.Repeat(MessagePart.Image, imageCount), .. placed[first].Content] };
        return placed;
    }

    private static void CheckPlaces(int imageCount, int places, string columnName, long row)
    {
        if (places != imageCount)
        {
            throw new InvalidDataException(
                $"Row {row:N0}: {Count(imageCount)} but {places} {ImageMark} place{(places == 1 ? "" : "s")} in '{columnName}'. "
                + $"Give one {ImageMark} per image, or none to put all images first.");
        }
    }

    private static string Count(int images) => images == 1 ? "1 image" : $"{images} images";

    private static string? TextOf(JsonElement element, string key)
        => element.ValueKind == JsonValueKind.Object && element.TryGetProperty(key, out JsonElement value) && value.ValueKind == JsonValueKind.String
            ? value.GetString() : null;
}
