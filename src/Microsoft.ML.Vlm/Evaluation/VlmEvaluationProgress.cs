namespace Microsoft.ML.Vlm;

/// <summary>How far an evaluation is.</summary>
/// <param name="Rows">Rows that have been answered.</param>
/// <param name="TotalRows">Rows that will be; null where the data does not know how many it has.</param>
/// <param name="Elapsed">Time since the first row was asked for.</param>
public sealed record VlmEvaluationProgress(long Rows, long? TotalRows, TimeSpan Elapsed)
{
    /// <summary>Time that the other rows take at the speed so far; null where their number is not known or nothing has been answered.</summary>
    public TimeSpan? RemainingTime => TotalRows is { } all && Rows > 0 ? Elapsed * ((all - Rows) / (double)Rows) : null;
}
