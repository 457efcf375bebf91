namespace Microsoft.ML.Vlm;

/// <summary>Neighbouring tokens of a row of which all or none are trained on.</summary>
/// <param name="Text">Their text, special tokens included; of an image <c>&lt;image&gt;</c>, whatever the number of its tokens.</param>
/// <param name="TokenCount">Number of tokens.</param>
/// <param name="IsTrained">Whether they are trained on.</param>
/// <param name="IsImage">Whether they are the places of an image's features.</param>
public sealed record VlmPreviewSpan(string Text, int TokenCount, bool IsTrained, bool IsImage)
{
    /// <summary>What the answer is that these tokens are, in preference data: <c>chosen</c> and <c>rejected</c>, or <c>good</c> or <c>bad</c> and <c>another row's</c>; null for all else.</summary>
    public string? AnswerName { get; init; }
}
