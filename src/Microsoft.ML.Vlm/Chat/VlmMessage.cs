using System.Text.Json;

namespace Microsoft.ML.Vlm.Chat;

/// <summary>One turn of a conversation.</summary>
/// <param name="Role"><c>system</c>, <c>user</c>, <c>assistant</c> or <c>tool</c>.</param>
/// <param name="Content">Texts and image places in order.</param>
internal sealed record VlmMessage(string Role, IReadOnlyList<MessagePart> Content)
{
    /// <summary>Whether the content was given as one text and not as parts: only such a turn of the user takes images that have no place.</summary>
    public bool IsPlain { get; init; }

    /// <summary>Further keys of the turn, such as <c>tool_calls</c> and <c>name</c>, for the template; null for none.</summary>
    public IReadOnlyDictionary<string, JsonElement>? Fields { get; init; }

    /// <summary>A turn with one text.</summary>
    public static VlmMessage FromText(string role, string text) => new(role, [MessagePart.FromText(text)]) { IsPlain = true };
}
