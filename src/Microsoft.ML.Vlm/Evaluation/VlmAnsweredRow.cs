namespace Microsoft.ML.Vlm;

/// <summary>A row of an evaluation: what was asked, what is right, what the model answered.</summary>
/// <param name="Row">Row in the data, counted from 0.</param>
/// <param name="Question">The text of the question as the model read it; empty when it is not known.</param>
/// <param name="References">The right answers, at least one.</param>
/// <param name="Response">The model's answer.</param>
public sealed record VlmAnsweredRow(long Row, string Question, IReadOnlyList<string> References, string Response)
{
    /// <summary>The options of a multiple-choice question, in their order; empty for other questions.</summary>
    public IReadOnlyList<string> Choices { get; init; } = [];

    /// <summary>The group that the row is counted in, such as <c>human</c>; null without groups.</summary>
    public string? Group { get; init; }
}
