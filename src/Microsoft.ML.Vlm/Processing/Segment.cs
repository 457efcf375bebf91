namespace Microsoft.ML.Vlm.Processing;

/// <summary>
/// A run of tokens that attends to all of its <see cref="Prefix"/> and, causally, to itself. A plain row is one segment without prefix;
/// an answer behind a shared prompt is a segment whose prefix is the prompt.
/// </summary>
/// <param name="Range">The segment's own tokens.</param>
/// <param name="Prefix">Earlier tokens of the batch that every token of the segment sees.</param>
/// <param name="Example">The example it belongs to: the row of a key/value cache, whose content the segment sees too.</param>
internal sealed record Segment(TokenRange Range, IReadOnlyList<TokenRange> Prefix, int Example);
