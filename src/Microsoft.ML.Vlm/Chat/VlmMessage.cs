namespace Microsoft.ML.Vlm.Chat;

/// <summary>One turn of a conversation.</summary>
/// <param name="Role"><c>system</c>, <c>user</c>, <c>assistant</c> or <c>tool</c>.</param>
/// <param name="Content">Texts and image places in order.</param>
internal sealed record VlmMessage(string Role, IReadOnlyList<MessagePart> Content)
{
    /// <summary>A turn with one text.</summary>
    public static VlmMessage FromText(string role, string text) => new(role, [MessagePart.FromText(text)]);
}
