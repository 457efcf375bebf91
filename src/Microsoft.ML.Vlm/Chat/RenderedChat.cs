namespace Microsoft.ML.Vlm.Chat;

/// <summary>A conversation as the text that the model reads.</summary>
/// <param name="Text">The rendered text.</param>
/// <param name="AssistantSpans">
/// Characters (UTF-16) that the template marks as written by the assistant (<c>{% generation %}</c>), in order. Empty when it marks none, or when it marks
/// them inside a macro or a <c>set</c> block, whose text may be moved or changed before it is printed.
/// </param>
internal sealed record RenderedChat(string Text, IReadOnlyList<(int Start, int Length)> AssistantSpans);
