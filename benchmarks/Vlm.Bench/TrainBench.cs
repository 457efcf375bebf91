using Microsoft.ML.Vlm;
using Microsoft.ML.Vlm.Adapters;
using Microsoft.ML.Vlm.Checkpoints;
using Microsoft.ML.Vlm.Models;
using Microsoft.ML.Vlm.Processing;
using Microsoft.ML.Vlm.Torch;
using Microsoft.ML.Vlm.Training;
using static TorchSharp.torch;

namespace Vlm.Bench;

/// <summary>Steps of training an adapter on all linear layers of the language model, constant learning rate, as the peers' scripts set them up.</summary>
/// <param name="measure">Name of the measure.</param>
/// <param name="defaultSteps">Steps when nothing else is said.</param>
internal abstract class TrainBench(string measure, int defaultSteps)
{
    private const int Seed = 42;

    /// <summary>Trains and writes one measure.</summary>
    /// <exception cref="BenchException">An option is wrong.</exception>
    public void Run(BenchOptions options, MeasureWriter writer)
    {
        string modelPath = options.Require("model"), precision = options.Word("precision", "fp32", "bf16");
        int rows = ReadRows(options.Require("data"));
        int batch = options.Integer("batch", 1, 1), warm = options.Integer("warm", 2), rank = options.Integer("rank", 8, 1), edge = options.Integer("tiles-edge", 0);
        int? epochs = options.Has("epochs") ? options.Integer("epochs", 1, 1) : null;
        int steps = epochs is int passes ? passes * ((rows + batch - 1) / batch) : options.Integer("steps", defaultSteps, 1);
        if (steps <= warm)
        {
            throw new BenchException($"{steps} steps of which the first {warm} are not measured leave nothing; give more --steps or a smaller --warm.");
        }
        TrainingSettings settings = Adjust(new TrainingSettings
        {
            BatchSize = batch,
            MaxSteps = steps,
            LearningRate = options.Number("lr", 2e-4),
            Schedule = LearningRateSchedule.Constant,
            LoggingSteps = 1,
            Seed = Seed,
            GradientCheckpointing = options.Has("gc"),
            FeatureCacheBytes = options.Has("no-cache") ? 0 : new TrainingSettings().FeatureCacheBytes,
        });
        ReadOptions(options);
        QuantOptions? quantization = QuantBench.Quantization(options);
        LoraOptions lora = new() { Rank = rank, Alpha = 2 * rank, Dropout = options.Number("dropout", 0) };
        string? start = options.Text("lora"), save = options.Text("save-lora"), label = options.Text("label");
        int threads = options.Threads();
        options.CheckAllRead();

        NativeLibraryLoader.EnsureLoaded();
        set_num_threads(threads);
        ModelFolder folder = ModelFolder.Open(modelPath);
        VlmProcessor processor = VlmProcessor.Load(folder, TilesOf(folder, edge));
        using VisionLanguageModel model = ModelLoader.Load(folder, precision == "bf16" ? ScalarType.BFloat16 : ScalarType.Float32, quantization);
        using AdapterSet adapters = LoraInjection.Inject(model, lora, Seed);
        if (start is not null)
        {
            AdapterFile.Load(adapters, start);
        }
        if (save is not null)
        {
            AdapterFile.Save(adapters, save);
        }

        RowsInOrder source = new(rows, epochs is null ? (long)batch * steps : rows, (row, number) => Prepare(processor, row, number));
        (IObjective objective, IDisposable? owned) = CreateObjective(model, adapters);
        using IDisposable? freed = owned;
        StepClock clock = new(warm);
        List<VlmTrainingMetrics> log = [];
        double cpuBefore = ProcessFacts.CpuSeconds;
        clock.Start();
        new FineTuningLoop(model, adapters, objective, settings).Run(source, metrics =>
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
            ["quant"] = quantization?.Type.ToString().ToLowerInvariant() ?? "none",
            ["batch"] = batch,
            ["gc"] = settings.GradientCheckpointing,
            ["tiles_edge"] = edge,
            ["rank"] = rank,
            ["steps"] = steps,
            ["epochs"] = epochs,
            ["trainable"] = adapters.Parameters.Sum(parameter => parameter.numel()),
            ["step_median_s"] = Math.Round(median, 4),
            ["tokens_per_s"] = Math.Round(tokensPerStep / median, 1),
            [$"{Unit}_per_s"] = Math.Round(batch / median, 3),
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
        writer.Write(measure, fields);
    }

    /// <summary>The image options that stand for the peers' <c>--tiles-edge</c>.</summary>
    /// <param name="folder">The model.</param>
    /// <param name="edge">Longest edge before the cut into tiles; 0 for one tile and no splitting.</param>
    public static ImageOptions TilesOf(ModelFolder folder, int edge)
        => edge > 0 ? new() { SplitImages = true, LongestEdge = edge } : new() { SplitImages = false, LongestEdge = folder.Processor.Image.TileEdge };

    /// <summary>What a batch consists of.</summary>
    protected abstract string Unit { get; }

    /// <summary>Reads the rows of a data folder.</summary>
    /// <returns>How many there are.</returns>
    protected abstract int ReadRows(string folder);

    /// <summary>Reads further options.</summary>
    protected virtual void ReadOptions(BenchOptions options)
    {
    }

    /// <summary>Changes the loop's settings.</summary>
    protected virtual TrainingSettings Adjust(TrainingSettings settings) => settings;

    /// <summary>A row as the model reads it.</summary>
    /// <param name="processor">The model's.</param>
    /// <param name="row">Row of the file.</param>
    /// <param name="number">Row of the run.</param>
    protected abstract VlmSample Prepare(VlmProcessor processor, int row, long number);

    /// <summary>What is minimized, and what has to be freed behind it.</summary>
    protected abstract (IObjective Objective, IDisposable? Owned) CreateObjective(VisionLanguageModel model, AdapterSet adapters);
}
