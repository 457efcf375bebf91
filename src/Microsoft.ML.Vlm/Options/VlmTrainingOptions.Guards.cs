namespace Microsoft.ML.Vlm;

/// <content>What ends a run that cannot be sound.</content>
public abstract partial class VlmTrainingOptions
{
    /// <summary>
    /// Steps in a row with a loss of exactly 0, or with a norm of the gradients that does not move by a bit, behind which training stops with an error: nothing is
    /// learnt then. At least 1; null never stops for it; default 10. TRL has no such check.
    /// </summary>
    public int? MaxStalledSteps { get; set; } = 10;

    private void ValidateGuards() => AtLeast(MaxStalledSteps ?? 1, 1, nameof(MaxStalledSteps));
}
