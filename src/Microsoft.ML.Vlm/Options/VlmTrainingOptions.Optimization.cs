namespace Microsoft.ML.Vlm;

/// <content>The optimizer.</content>
public abstract partial class VlmTrainingOptions
{
    /// <summary>What turns gradients into updates (<c>optim</c>). Default <see cref="OptimizerKind.AdamW"/>.</summary>
    public OptimizerKind Optimizer { get; set; } = OptimizerKind.AdamW;

    private void ValidateOptimization()
    {
        if (!Enum.IsDefined(Optimizer))
        {
            throw new ArgumentOutOfRangeException(nameof(Optimizer), Optimizer, "Not an optimizer of this library.");
        }
    }
}
