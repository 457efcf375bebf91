using System.Globalization;
using Microsoft.ML.Vlm;
using Microsoft.ML.Vlm.Checkpoints;
using Microsoft.ML.Vlm.Models;
using Microsoft.ML.Vlm.Models.SmolVlm;
using Microsoft.ML.Vlm.Processing;
using Microsoft.ML.Vlm.Training;
using TorchSharp;

namespace TinyModel;

/// <summary>Trains a model from random weights to say captions of charts.</summary>
internal static class PreTraining
{
    private const int BatchSize = 32;
    private const int WarmupSteps = 100;
    private const int StepsBetweenProbes = 100;
    private const double DecayShare = 0.3;

    /// <summary>Trains, prints the curve and writes the weights as bfloat16.</summary>
    /// <param name="path">Model folder with everything but the weights.</param>
    /// <param name="steps">Optimizer steps.</param>
    /// <param name="seed">Of the weights and of the charts.</param>
    /// <param name="output">Gets the curve.</param>
    public static void Run(string path, int steps, int seed, TextWriter output)
    {
        ModelFolder folder = ModelFolder.Open(path);
        VlmProcessor processor = VlmProcessor.Load(folder);
        using SmolVlmModel model = SmolVlmInitializer.Create((SmolVlmConfig)folder.Config, seed);
        output.WriteLine($"{model.Weights.Values.Sum(weight => weight.Value.numel()):N0} parameters");

        var probe = new CaptionProbe(processor, seed);
        var loop = new FineTuningLoop(model, adapters: null, new SftObjective(), Settings(steps, seed));
        loop.Run(
            new CaptionSource(processor, steps * BatchSize, seed),
            metrics => Report(metrics, metrics.Step % StepsBetweenProbes == 0 || metrics.Step == steps ? probe.Measure(model) : [], output),
            CancellationToken.None);
        CheckpointSaver.Save(model, path, torch.ScalarType.BFloat16);
    }

    private static TrainingSettings Settings(int steps, int seed) => new()
    {
        BatchSize = BatchSize,
        MaxSteps = steps,
        LearningRate = 2e-3,
        Schedule = LearningRateSchedule.WarmupStableDecay((int)Math.Ceiling(steps * DecayShare)),
        WarmupSteps = Math.Min(WarmupSteps, steps / 4),
        WeightDecay = 0.05,
        AdamBeta2 = 0.98,
        MaxGradientNorm = 1,
        LoggingSteps = 20,
        Seed = seed,
    };

    private static void Report(VlmTrainingMetrics metrics, SortedDictionary<string, double> facts, TextWriter output)
    {
        string accuracies = string.Join(", ", facts.Select(fact => string.Create(CultureInfo.InvariantCulture, $"{fact.Key} {fact.Value:0.00}")));
        output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"step {metrics.Step}, {metrics.ElapsedSeconds:0} s, loss {metrics.Loss:0.000} {accuracies}"));
    }
}
