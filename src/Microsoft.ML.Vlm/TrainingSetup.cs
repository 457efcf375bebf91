using Microsoft.ML.Vlm.Training;

namespace Microsoft.ML.Vlm;

/// <summary>Turns the user's options into the settings of the loop.</summary>
internal static class TrainingSetup
{
    private const double AdapterLearningRate = 2e-4;
    private const double FullLearningRate = 2e-5;

    /// <summary>The settings of a run.</summary>
    /// <param name="options">Options that have been validated.</param>
    /// <param name="seed">Seed of the dropout.</param>
    public static TrainingSettings SettingsOf(VlmTrainingOptions options, int seed) => new()
    {
        BatchSize = options.BatchSize,
        GradientAccumulationSteps = options.GradientAccumulationSteps,
        SamplingStrategy = options.SamplingStrategy,
        MaxTokensPerBatch = options.MaxTokensPerBatch,
        DropLast = options.DropLast,
        LongestRowsFirst = options.LongestRowsFirst,
        PrefetchThreads = options.PrefetchThreads ?? TrainingSettings.DefaultPrefetchThreads,
        FeatureCacheBytes = options.FeatureCacheBytes,
        FeatureCacheDirectory = options.FeatureCacheDirectory,
        FeatureCacheDiskBytes = options.FeatureCacheDiskBytes,
        MaxEpochs = options.MaxEpochs,
        MaxSteps = options.MaxSteps,
        LearningRate = options.LearningRate ?? (options.Lora is null ? FullLearningRate : AdapterLearningRate),
        Schedule = options.Schedule,
        WarmupSteps = options.WarmupSteps,
        WarmupRatio = options.WarmupRatio,
        WeightDecay = options.WeightDecay,
        AdamBeta1 = options.AdamBeta1,
        AdamBeta2 = options.AdamBeta2,
        AdamEpsilon = options.AdamEpsilon,
        MaxGradientNorm = options.MaxGradientNorm,
        LoggingSteps = options.LoggingSteps,
        Seed = seed,
        GradientCheckpointing = options.GradientCheckpointing,
        Optimizer = options.Optimizer,
        NeftuneNoiseAlpha = options.NeftuneNoiseAlpha,
    };
}
