namespace Microsoft.ML.Vlm.Training;

/// <summary>Makes the optimizer that the settings name.</summary>
internal static class Optimizers
{
    /// <summary>An optimizer at its first step.</summary>
    /// <param name="settings">Settings that have been validated.</param>
    /// <param name="parameters">What it updates. The caller owns the tensors.</param>
    public static IOptimizer Create(TrainingSettings settings, IReadOnlyList<TrainableParameter> parameters) => settings.Optimizer switch
    {
        OptimizerKind.AdamW8Bit => new AdamW8Bit(parameters, settings.AdamBeta1, settings.AdamBeta2, settings.AdamEpsilon, settings.WeightDecay),
        _ => new AdamW(parameters, settings.AdamBeta1, settings.AdamBeta2, settings.AdamEpsilon, settings.WeightDecay),
    };
}
