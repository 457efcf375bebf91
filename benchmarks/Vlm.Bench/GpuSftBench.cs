using Microsoft.ML.Vlm;
using Microsoft.ML.Vlm.Adapters;
using Microsoft.ML.Vlm.Checkpoints;
using Microsoft.ML.Vlm.Images;
using Microsoft.ML.Vlm.Models;
using Microsoft.ML.Vlm.Processing;
using Microsoft.ML.Vlm.Torch;
using Microsoft.ML.Vlm.Torch.Cuda;
using Microsoft.ML.Vlm.Training;
using static TorchSharp.torch;

namespace Vlm.Bench;

/// <summary>LoRA training steps on a GPU over one synthetic batch that comes again and again, so that the step alone is measured: the work of the peers' <c>gpu_sft.py</c>.</summary>
internal static class GpuSftBench
{
    private const int Seed = 42;
    private const int FirstTile = 5;
    private const double GiB = 1 << 30;

    /// <summary>Trains and writes one measure.</summary>
    /// <exception cref="BenchException">An option is wrong.</exception>
    public static void Run(BenchOptions options, MeasureWriter writer)
    {
        string path = options.Require("model"), precision = options.Word("precision", "bf16", "fp32", "nf4"), vision = options.Word("vision", "run", "cached");
        int batch = options.Integer("batch", 4, 1), tiles = options.Integer("tiles", 5), text = options.Integer("text-tokens", 96, 40), labels = options.Integer("label-tokens", 24, 1);
        int steps = options.Integer("steps", 20, 1), warm = options.Integer("warm", 5), rank = options.Integer("rank", 8, 1);
        bool checkpointing = options.Has("gc");
        double dropout = options.Number("dropout", 0);
        string? label = options.Text("label"), name = options.Text("device");
        set_num_threads(options.Threads());
        options.CheckAllRead();

        NativeLibraryLoader.EnsureLoaded();
        Device device = ComputeDevice.Resolve(name);
        ModelFolder folder = ModelFolder.Open(path);
        using VisionLanguageModel model = ModelLoader.Load(
            folder, precision == "fp32" ? ScalarType.Float32 : ScalarType.BFloat16, precision == "nf4" ? QuantOptions.Nf4 : null, device);
        using AdapterSet adapters = LoraInjection.Inject(model, new LoraOptions { Rank = rank, Alpha = 2 * rank, Dropout = dropout }, Seed);
        VlmSample[] rows = [.. Enumerable.Range(0, batch).Select(row => Row(row, tiles, text, labels, model, folder.Processor.Image.TileEdge))];
        TrainingSettings settings = new()
        {
            BatchSize = batch,
            MaxSteps = steps + warm,
            LearningRate = 2e-4,
            Schedule = LearningRateSchedule.Constant,
            LoggingSteps = 1,
            Seed = Seed,
            GradientCheckpointing = checkpointing,
            FeatureCacheBytes = vision == "run" ? 0 : new TrainingSettings().FeatureCacheBytes,
        };
        StepClock clock = new(warm);
        List<double> losses = [];
        clock.Start();
        new FineTuningLoop(model, adapters, new SftObjective(), settings).Run(
            new SampleList(rows),
            metrics =>
            {
                if (device.type == TorchSharp.DeviceType.CUDA)
                {
                    cuda.synchronize();
                }
                clock.Stop();
                losses.Add(Math.Round(metrics.Loss, 4));
            },
            CancellationToken.None);

        int tokens = rows[0].Tokens.Length;
        Dictionary<string, object?> fields = new()
        {
            ["model"] = Path.GetFileName(Path.TrimEndingDirectorySeparator(Path.GetFullPath(path))),
            ["precision"] = precision,
            ["batch"] = batch,
            ["tiles"] = tiles,
            ["gc"] = checkpointing,
            ["vision"] = vision,
            ["dropout"] = dropout,
            ["tokens_per_sample"] = tokens,
            ["label_tokens"] = labels,
            ["tokens_per_s"] = Math.Round(batch * tokens / clock.BestMedian, 1),
            ["tiles_per_s"] = Math.Round(batch * tiles / clock.BestMedian, 1),
            ["loss"] = losses.Take(12).ToArray(),
            ["device"] = ComputeDevice.Describe(device),
            ["device_used_gib"] = ComputeDevice.FreeBytes(device) is { } free ? Math.Round((CudaDevice.Find(device)!.TotalBytes - free) / GiB, 2) : null,
        };
        foreach ((string key, object? value) in clock.Summary)
        {
            fields[key] = value;
        }
        if (label is not null)
        {
            fields["label"] = label;
        }
        writer.Write("gpu-sft", fields);
    }

    // Tokens at random with the places of the tiles among them, and random pixels; the last tokens are the answer.
    private static VlmSample Row(int row, int tiles, int text, int labels, VisionLanguageModel model, int edge)
    {
        Random random = new(row + 1);
        int count = (tiles * (model.TokensPerTile + 2)) + text, start = FirstTile;
        int[] tokens = [.. Enumerable.Range(0, count).Select(_ => random.Next(20, model.VocabularySize - 200))];
        List<ImageSpan> spans = [];
        for (int tile = 0; tile < tiles; tile++, start += model.TokensPerTile + 2)
        {
            spans.Add(new ImageSpan(0, start, model.TokensPerTile));
        }
        byte[] samples = new byte[tiles * 3 * edge * edge];
        random.NextBytes(samples);
        ImageTiles[] images = tiles == 0 ? [] : [new ImageTiles(1, tiles, tiles, edge, edge, samples, new ImageNormalization([127.5f, 127.5f, 127.5f], [127.5f, 127.5f, 127.5f]), (UInt128)(row + 1))];
        return new VlmSample(tokens, [.. tokens.Select((_, index) => index >= count - labels)], images, spans, row);
    }
}
