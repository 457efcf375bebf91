using Microsoft.ML.Vlm;
using Microsoft.ML.Vlm.Adapters;
using Microsoft.ML.Vlm.Checkpoints;
using Microsoft.ML.Vlm.Models;
using Microsoft.ML.Vlm.Processing;
using Microsoft.ML.Vlm.Torch;
using Microsoft.ML.Vlm.Training;
using static TorchSharp.torch;

namespace Vlm.Bench;

/// <summary>Steps of supervised fine-tuning of an adapter on all linear layers of the language model, constant learning rate, as the peers' script sets them up.</summary>
internal static class SftBench
{
    private const int Seed = 42;

    /// <summary>Trains and writes one measure.</summary>
    /// <exception cref="BenchException">An option is wrong.</exception>
    public static void Run(BenchOptions options, MeasureWriter writer)
    {
        string modelPath = options.Require("model"), precision = options.Word("precision", "fp32", "bf16");
        BenchRow[] rows = BenchRow.Read(options.Require("data"));
        int batch = options.Integer("batch", 1, 1), warm = options.Integer("warm", 2), rank = options.Integer("rank", 8, 1), edge = options.Integer("tiles-edge", 0);
        int? epochs = options.Has("epochs") ? options.Integer("epochs", 1, 1) : null;
        int steps = epochs is int passes ? passes * ((rows.Length + batch - 1) / batch) : options.Integer("steps", 8, 1);
        if (steps <= warm)
        {
            throw new BenchException($"{steps} steps of which the first {warm} are not measured leave nothing; give more --steps or a smaller --warm.");
        }
        TrainingSettings settings = new()
        {
            BatchSize = batch,
            MaxSteps = steps,
            LearningRate = options.Number("lr", 2e-4),
            Schedule = LearningRateSchedule.Constant,
            LoggingSteps = 1,
            Seed = Seed,
            GradientCheckpointing = options.Has("gc"),
            FeatureCacheBytes = options.Has("no-cache") ? 0 : new TrainingSettings().FeatureCacheBytes,
        };
        LoraOptions lora = new() { Rank = rank, Alpha = 2 * rank, Dropout = options.Number("dropout", 0) };
        string? start = options.Text("lora"), save = options.Text("save-lora"), label = options.Text("label");
        int threads = options.Threads();
        options.CheckAllRead();

        NativeLibraryLoader.EnsureLoaded();
        set_num_threads(threads);
        ModelFolder folder = ModelFolder.Open(modelPath);
        VlmProcessor processor = VlmProcessor.Load(folder, TilesOf(folder, edge));
        using VisionLanguageModel model = ModelLoader.Load(folder, precision == "bf16" ? ScalarType.BFloat16 : ScalarType.Float32);
        using AdapterSet adapters = LoraInjection.Inject(model, lora, Seed);
        if (start is not null)
        {
            AdapterFile.Load(adapters, start);
        }
        if (save is not null)
        {
            AdapterFile.Save(adapters, save);
        }

        RowsInOrder source = new(
            rows.Length, epochs is null ? (long)batch * steps : rows.Length, (row, number) => processor.CreateTraining(rows[row].ToExample(number), LabelMasking.Answer));
        FineTuningLoop loop = new(model, adapters, new SftObjective(), settings);
        StepClock clock = new(warm);
        List<VlmTrainingMetrics> log = [];
        double cpuBefore = ProcessFacts.CpuSeconds;
        clock.Start();
        loop.Run(source, metrics =>
        {
            clock.Stop();
            log.Add(metrics);
        }, CancellationToken.None);
        double cpu = ProcessFacts.CpuSeconds - cpuBefore;

        (int Tokens, int Targets, int Tiles)[] measured = [.. source.Sizes.Skip(warm * batch)];
        double median = clock.BestMedian, tokensPerStep = measured.Sum(size => size.Tokens) / (double)(steps - warm);
        Dictionary<string, object?> fields = new()
        {
            ["mode"] = "vlm",
            ["threads"] = threads,
            ["model"] = Path.GetFileName(Path.TrimEndingDirectorySeparator(Path.GetFullPath(modelPath))),
            ["precision"] = precision,
            ["batch"] = batch,
            ["gc"] = settings.GradientCheckpointing,
            ["tiles_edge"] = edge,
            ["rank"] = rank,
            ["steps"] = steps,
            ["epochs"] = epochs,
            ["trainable"] = adapters.Parameters.Sum(parameter => parameter.numel()),
            ["step_median_s"] = Math.Round(median, 4),
            ["tokens_per_s"] = Math.Round(tokensPerStep / median, 1),
            ["images_per_s"] = Math.Round(batch / median, 3),
            ["tokens_per_step"] = Math.Round(tokensPerStep, 1),
            ["label_tokens_per_step"] = Math.Round(measured.Sum(size => size.Targets) / (double)(steps - warm), 1),
            ["input_shape"] = new[] { measured.TakeLast(batch).Sum(size => size.Tokens) },
            ["pixel_shape"] = new[] { measured.TakeLast(batch).Sum(size => size.Tiles), 3, folder.Processor.Image.TileEdge, folder.Processor.Image.TileEdge },
            ["collate_median_s"] = Math.Round(batch * Spread.Median(source.Seconds.Skip(warm * batch)), 4),
            ["cpu_s_total"] = Math.Round(cpu, 1),
            ["loss"] = log.Select(metrics => Math.Round(metrics.Loss, 4)).ToArray(),
        };
        foreach ((string name, object? value) in clock.Summary)
        {
            fields[name] = value;
        }
        if (label is not null)
        {
            fields["label"] = label;
        }
        writer.Write("train-sft", fields);
    }

    /// <summary>The image options that stand for the peers' <c>--tiles-edge</c>.</summary>
    /// <param name="folder">The model.</param>
    /// <param name="edge">Longest edge before the cut into tiles; 0 for one tile and no splitting.</param>
    public static ImageOptions TilesOf(ModelFolder folder, int edge)
        => edge > 0 ? new() { SplitImages = true, LongestEdge = edge } : new() { SplitImages = false, LongestEdge = folder.Processor.Image.TileEdge };
}
