namespace Microsoft.ML.Vlm.Text;

/// <summary>An entry of <c>added_tokens</c>: a piece of text that is always one token, found before the text is normalized and split.</summary>
/// <param name="Id">Token id.</param>
/// <param name="Content">The text of the token.</param>
/// <param name="IsSpecial">Left out of decoded text on request.</param>
/// <param name="IsNormalized">Searched in the normalized text, in its own normalized form; otherwise in the text as given.</param>
/// <param name="StripsLeft">Takes the white space before it.</param>
/// <param name="StripsRight">Takes the white space after it.</param>
/// <param name="IsSingleWord">Only found where no word character touches it.</param>
internal sealed record AddedToken(int Id, string Content, bool IsSpecial, bool IsNormalized, bool StripsLeft, bool StripsRight, bool IsSingleWord);
