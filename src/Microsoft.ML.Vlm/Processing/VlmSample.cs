using Microsoft.ML.Vlm.Images;

namespace Microsoft.ML.Vlm.Processing;

/// <summary>What the model reads for one row. One object owns the tokens and the image spans, so nothing can cut an image in half.</summary>
/// <param name="Tokens">Token ids, image places expanded.</param>
/// <param name="IsTarget">For each token: whether it is trained on (its label is not -100 in the reference's words).</param>
/// <param name="Images">The images in the order of their places; one that stands at two places is listed twice.</param>
/// <param name="Spans">Where the image features go, in order.</param>
/// <param name="Row">Row in the data, counted from 0; shown in errors.</param>
internal sealed record VlmSample(int[] Tokens, bool[] IsTarget, IReadOnlyList<ImageTiles> Images, IReadOnlyList<ImageSpan> Spans, long Row)
{
    /// <summary>
    /// Answers that share the tokens before the first of them, the prompt with its images: each sees the prompt and itself, as if it stood alone behind it. They follow each
    /// other up to the last token. Empty for a plain row.
    /// </summary>
    public IReadOnlyList<TokenRange> Answers { get; init; } = [];

    /// <summary>Tokens of the row; with several answers, those of the prompt and the longest answer.</summary>
    public int LongestRow => Answers.Count == 0 ? Tokens.Length : Answers[0].Start + Answers.Max(answer => answer.Length);

    /// <summary>Whether the answer is a good one; null but for unpaired preference data.</summary>
    public bool? IsDesirable { get; init; }

    /// <summary>Tokens that are trained on; the first token of a row never is, as nothing predicts it.</summary>
    public int TargetCount => IsTarget.Skip(1).Count(isTarget => isTarget);
}
