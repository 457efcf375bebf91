using System.Diagnostics;
using Microsoft.ML.Vlm;
using Microsoft.ML.Vlm.Adapters;
using Microsoft.ML.Vlm.Checkpoints;
using Microsoft.ML.Vlm.Images;
using Microsoft.ML.Vlm.Models;
using Microsoft.ML.Vlm.Processing;
using Microsoft.ML.Vlm.Torch;
using Microsoft.ML.Vlm.Training;
using static TorchSharp.torch;

namespace Vlm.Bench;

/// <summary>Peak memory of quantizing a checkpoint while it is read, and of steps of training an adapter on it.</summary>
internal static class QuantBench
{
    private const int Seed = 42;

    /// <summary>Loads, trains if steps are asked for, and writes a measure after each.</summary>
    /// <exception cref="BenchException">An option is wrong.</exception>
    public static void Run(BenchOptions options, MeasureWriter writer)
    {
        string path = options.Require("model");
        QuantOptions? quantization = Quantization(options);
        ScalarType type = options.Word("precision", "bf16", "fp32") == "bf16" ? ScalarType.BFloat16 : ScalarType.Float32;
        int steps = options.Integer("steps", 0), tokens = options.Integer("tokens", 512, 1), rank = options.Integer("rank", 8, 1), threads = options.Threads();
        bool checkpointing = options.Has("gc");
        options.CheckAllRead();

        NativeLibraryLoader.EnsureLoaded();
        set_num_threads(threads);
        double cpu = ProcessFacts.CpuSeconds, before = ProcessFacts.ResidentMiB;
        long startedAt = Stopwatch.GetTimestamp();
        ModelFolder folder = ModelFolder.Open(path);
        using VisionLanguageModel model = ModelLoader.Load(folder, type, quantization);
        writer.Write("load-quantized", new Dictionary<string, object?>
        {
            ["quant"] = quantization?.Type.ToString().ToLowerInvariant() ?? "none",
            ["parameters"] = model.Weights.Values.Sum(weight => weight.Shape.Aggregate(1L, (product, size) => product * size)),
            ["weight_mib"] = model.Weights.Values.Sum(weight => weight.ByteCount) >> 20,
            ["quantized_mib"] = model.Weights.Values.Sum(weight => weight.Quantized?.ByteCount ?? 0) >> 20,
            ["wall_s"] = Math.Round(Stopwatch.GetElapsedTime(startedAt).TotalSeconds, 1),
            ["cpu_s"] = Math.Round(ProcessFacts.CpuSeconds - cpu, 1),
            ["rss_before_mib"] = Math.Round(before, 1),
            ["rss_after_mib"] = Math.Round(ProcessFacts.ResidentMiB, 1),
        });
        if (steps == 0)
        {
            return;
        }

        using AdapterSet adapters = LoraInjection.Inject(model, new LoraOptions { Rank = rank, Alpha = 2 * rank }, Seed);
        TrainingSettings settings = new() { BatchSize = 1, MaxSteps = steps, LearningRate = 1e-4, LoggingSteps = 1, Seed = Seed, GradientCheckpointing = checkpointing };
        List<double> losses = [];
        cpu = ProcessFacts.CpuSeconds;
        new FineTuningLoop(model, adapters, new SftObjective(), settings)
            .Run(new RowsInOrder(steps, steps, (row, number) => Row(folder, model, tokens, row, number)), metrics => losses.Add(Math.Round(metrics.Loss, 4)), CancellationToken.None);
        writer.Write("train-quantized", new Dictionary<string, object?>
        {
            ["tokens"] = tokens,
            ["gc"] = checkpointing,
            ["steps"] = steps,
            ["cpu_step_s"] = Math.Round((ProcessFacts.CpuSeconds - cpu) / steps, 1),
            ["loss"] = losses,
        });
    }

    /// <summary>What <c>--quant</c> stands for; null for <c>none</c>, the default.</summary>
    /// <exception cref="BenchException">Another word.</exception>
    public static QuantOptions? Quantization(BenchOptions options) => options.Word("quant", "none", "nf4", "fp4", "int8") switch
    {
        "nf4" => QuantOptions.Nf4,
        "fp4" => QuantOptions.Fp4,
        "int8" => QuantOptions.Int8,
        _ => null,
    };

    // One tile of noise and random tokens, all of which are trained on.
    private static VlmSample Row(ModelFolder folder, VisionLanguageModel model, int count, int row, long number)
    {
        Random random = new(row);
        int features = model.TokensPerTile, edge = folder.Processor.Image.TileEdge, imageToken = ((SmolVlmConfig)folder.Config).ImageTokenId;
        int[] tokens = [.. Enumerable.Repeat(imageToken, features), .. Enumerable.Range(0, count - features).Select(_ => random.Next(model.VocabularySize - 256))];
        byte[] samples = new byte[3 * edge * edge];
        random.NextBytes(samples);
        ImageTiles tiles = new(0, 0, 1, edge, edge, samples, new ImageNormalization([127.5f, 127.5f, 127.5f], [127.5f, 127.5f, 127.5f]), (UInt128)(uint)(row + 1));
        return new VlmSample(tokens, [.. tokens.Select(token => token != imageToken)], [tiles], [new ImageSpan(0, 0, features)], number);
    }
}
