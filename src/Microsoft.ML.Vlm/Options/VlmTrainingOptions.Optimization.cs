namespace Microsoft.ML.Vlm;

/// <content>The optimizer and noise on the embeddings.</content>
public abstract partial class VlmTrainingOptions
{
    /// <summary>What turns gradients into updates (<c>optim</c>). Default <see cref="OptimizerKind.AdamW"/>.</summary>
    public OptimizerKind Optimizer { get; set; } = OptimizerKind.AdamW;

    /// <summary>
    /// Strength of uniform noise on the token embeddings while training (<c>neftune_noise_alpha</c>; NEFTune, Jain et al. 2024); 5 to 15 is usual. The noise is at most alpha / √(tokens of the
    /// row × embedding width). Above 0; null, the default, adds none.
    /// </summary>
    public double? NeftuneNoiseAlpha { get; set; }

    private void ValidateOptimization()
    {
        if (!Enum.IsDefined(Optimizer))
        {
            throw new ArgumentOutOfRangeException(nameof(Optimizer), Optimizer, "Not an optimizer of this library.");
        }
        Above(NeftuneNoiseAlpha ?? 1, 0, nameof(NeftuneNoiseAlpha));
    }
}
