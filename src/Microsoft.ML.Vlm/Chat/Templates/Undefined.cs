namespace Microsoft.ML.Vlm.Chat.Templates;

/// <summary>
/// A name, attribute or element that does not exist. It prints as nothing, is false and empty; reading from it, calling it or computing with it is an error.
/// </summary>
/// <param name="Reason">What does not exist; the text of that error.</param>
internal sealed record Undefined(string Reason);
