using Microsoft.ML.Vlm.Adapters;
using Microsoft.ML.Vlm.Models;
using Microsoft.ML.Vlm.Training;
using static TorchSharp.torch;

namespace Microsoft.ML.Vlm;

/// <summary>Turns the user's options into the settings of the loop.</summary>
internal static class TrainingSetup
{
    /// <summary>When a run is evaluated.</summary>
    /// <param name="options">Options that have been validated.</param>
    public static EvaluationSettings EvaluationOf(VlmTrainingOptions options) => new()
    {
        Strategy = options.EvalStrategy ?? (options.EvalSteps is null ? EvalStrategy.Epoch : EvalStrategy.Steps),
        Steps = options.EvalSteps ?? options.LoggingSteps,
        BatchSize = options.ScoringBatchSize,
        Metric = options.MetricForBestModel,
        GreaterIsBetter = options.GreaterIsBetter,
        LoadsBest = options.LoadBestModelAtEnd,
        Patience = options.EarlyStoppingPatience,
        Threshold = options.EarlyStoppingThreshold,
    };

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
        LearningRate = options.LearningRate ?? options.UsualLearningRate,
        Schedule = options.Schedule,
        WarmupSteps = options.WarmupSteps,
        WarmupRatio = options.WarmupRatio,
        WeightDecay = options.WeightDecay,
        AdamBeta1 = options.AdamBeta1,
        AdamBeta2 = options.AdamBeta2,
        AdamEpsilon = options.AdamEpsilon,
        MaxGradientNorm = options.MaxGradientNorm,
        LoggingSteps = options.LoggingSteps,
        MaxStalledSteps = options.MaxStalledSteps,
        Seed = seed,
        GradientCheckpointing = options.GradientCheckpointing,
        Optimizer = options.Optimizer,
        NeftuneNoiseAlpha = options.NeftuneNoiseAlpha,
        VisionLearningRate = options.VisionLearningRate,
        ConnectorLearningRate = options.ConnectorLearningRate,
        LearningRateRatio = options.Lora?.LearningRateRatio ?? 1,
    };

    /// <summary>Makes trainable what the options say: new adapters, those of a folder, or weights of the model.</summary>
    /// <param name="model">A model as it was loaded.</param>
    /// <param name="options">Options that have been validated.</param>
    /// <param name="seed">Seed of new adapters.</param>
    /// <returns>The adapters; null when weights of the model train.</returns>
    /// <exception cref="ArgumentException">A target or a pattern matches nothing, or the model lacks a part; names the nearest names.</exception>
    /// <exception cref="InvalidDataException">The adapter to go on with is damaged or does not fit the model.</exception>
    public static AdapterSet? Prepare(VisionLanguageModel model, VlmTrainingOptions options, int seed)
    {
        if (options.AdapterPath is { } path)
        {
            return PeftFolder.Load(model, ModelLocation.AdapterFolder(path, options), AdapterTypeOf(options));
        }
        VlmParts parts = options.TrainedParts ?? (options.Lora is null ? VlmParts.All : VlmParts.None);
        if (options.Lora is { } lora)
        {
            return LoraInjection.Inject(model, lora with { ModulesToSave = [.. lora.ModulesToSave, .. RolesOf(parts).Select(role => ModuleOf(model, role))] }, seed, AdapterTypeOf(options));
        }
        foreach (ModelRole role in RolesOf(parts))
        {
            _ = parts == VlmParts.All ? "" : ModuleOf(model, role);
            foreach (Weight weight in model.Weights.Values.Where(weight => model.RoleOf(weight.Name) == role))
            {
                weight.MakeTrainable();
            }
        }
        return null;
    }

    /// <summary>Type of the tensors of an adapter that trains.</summary>
    /// <param name="options">Options that have been validated.</param>
    public static ScalarType AdapterTypeOf(VlmTrainingOptions options) => options.AdapterPrecision == VlmPrecision.BFloat16 ? ScalarType.BFloat16 : ScalarType.Float32;

    private static IEnumerable<ModelRole> RolesOf(VlmParts parts)
        => new[] { (VlmParts.Vision, ModelRole.Vision), (VlmParts.Connector, ModelRole.Connector), (VlmParts.Language, ModelRole.Language) }
            .Where(pair => parts.HasFlag(pair.Item1)).Select(pair => pair.Item2);

    // The module that holds all weights of a part: what their names have in common.
    private static string ModuleOf(VisionLanguageModel model, ModelRole role)
    {
        string[][] modules = [.. model.Weights.Keys.Where(name => model.RoleOf(name) == role).Select(name => name.Split('.')[..^1])];
        if (modules.Length == 0)
        {
            throw new ArgumentException($"TrainedParts: the model has no {role} part.", nameof(model));
        }
        int depth = modules.Min(module => module.Length);
        int common = Enumerable.Range(0, depth).TakeWhile(level => modules.All(module => module[level] == modules[0][level])).Count();
        return string.Join('.', modules[0][..common]);
    }
}
