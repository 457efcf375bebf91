namespace Microsoft.ML.Vlm;

/// <summary>What a judge says of an answer.</summary>
/// <param name="Grade">From 1 to <see cref="VlmJudgeOptions.BestGrade"/>.</param>
/// <param name="Score">The grade from 0 (worst) to 1 (best).</param>
/// <param name="Reason">Why.</param>
public sealed record VlmJudgement(int Grade, double Score, string Reason);
