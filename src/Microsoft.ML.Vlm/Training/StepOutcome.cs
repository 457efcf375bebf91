namespace Microsoft.ML.Vlm.Training;

/// <summary>What one optimizer step gave.</summary>
/// <param name="Results">Of each micro-batch that there was something to learn from.</param>
/// <param name="TokenCount">Tokens read.</param>
/// <param name="RowsWithoutTargets">Rows without a token to train on.</param>
/// <param name="WaitSeconds">Seconds that the step waited for its rows.</param>
internal sealed record StepOutcome(IReadOnlyList<ObjectiveResult> Results, long TokenCount, long RowsWithoutTargets, double WaitSeconds)
{
    /// <summary>Loss of the step.</summary>
    public double Loss => Results.Sum(result => result.Loss);

    /// <summary>Norm of all gradients, before clipping.</summary>
    public double GradientNorm { get; init; }
}
