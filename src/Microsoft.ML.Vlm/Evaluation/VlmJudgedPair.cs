namespace Microsoft.ML.Vlm;

/// <summary>What a judge says of two answers to one row, which it was shown in both orders.</summary>
/// <param name="Row">Row in the data, counted from 0.</param>
/// <param name="Verdict">The answer that is better in both orders; a tie otherwise.</param>
/// <param name="IsConsistent">Whether both orders gave the same; where they did not, the place decided and not the answer.</param>
/// <param name="Reasons">Why, in each order.</param>
public sealed record VlmJudgedPair(long Row, VlmVerdict Verdict, bool IsConsistent, IReadOnlyList<string> Reasons);
