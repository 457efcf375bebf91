using System.Diagnostics;
using System.Text.Json;
using Microsoft.ML;
using Microsoft.ML.Vlm;
using Microsoft.ML.Vlm.Checkpoints;
using Microsoft.ML.Vlm.Torch;
using static TorchSharp.torch;

namespace Vlm.Bench;

/// <summary>The predicted memory of a run beside the measured one: the plan is made here, the run is another process.</summary>
internal static class PlanBench
{
    private const double Mebi = 1 << 20;

    /// <summary>Plans, lets another process train the same, and writes both peaks.</summary>
    /// <exception cref="BenchException">An option is wrong, or the other process failed.</exception>
    public static void Run(BenchOptions options, MeasureWriter writer)
    {
        MLContext ml = new(seed: 1);
        (VlmSftEstimator.Options training, IDataView data) = Prepare(ml, options);
        VlmMemoryPlan plan = ml.Vlm().Plan(data, training);
        Console.Error.WriteLine(plan);
        double predicted = plan.PeakBytes / Mebi, measured = MeasureRun(options.Arguments);
        writer.Write("plan", new Dictionary<string, object?>
        {
            ["largest_batch_tokens"] = plan.LargestBatchTokens,
            ["predicted_mib"] = Math.Round(predicted, 1),
            ["measured_mib"] = measured,
            ["error"] = Math.Round((predicted / measured) - 1, 4),
        });
    }

    /// <summary>Trains through the public interface and writes the losses; the highest resident memory is added to every measure.</summary>
    /// <exception cref="BenchException">An option is wrong.</exception>
    public static void Fit(BenchOptions options, MeasureWriter writer)
    {
        MLContext ml = new(seed: 1);
        (VlmSftEstimator.Options training, IDataView data) = Prepare(ml, options);
        List<double> losses = [];
        training.MetricsCallback = metrics => losses.Add(Math.Round(metrics.Loss, 4));
        using VlmTransformer model = ml.Transforms.VlmSft(training).Fit(data);
        writer.Write("fit", new Dictionary<string, object?> { ["loss"] = losses });
    }

    private static (VlmSftEstimator.Options Options, IDataView Data) Prepare(MLContext ml, BenchOptions options)
    {
        string modelPath = options.Require("model"), precision = options.Word("precision", "fp32", "bf16");
        Row[] rows = [.. BenchRow.Read(options.Require("data")).Take(options.Integer("n", 16, 1)).Select(row => new Row { ImagePath = row.ImagePath, Prompt = row.Question, Label = row.Answer })];
        int threads = options.Threads();
        VlmSftEstimator.Options training = new()
        {
            ModelPath = modelPath,
            Images = TrainBench.TilesOf(ModelFolder.Open(modelPath), options.Integer("tiles-edge", 0)),
            Precision = precision == "bf16" ? VlmPrecision.BFloat16 : VlmPrecision.Float32,
            Lora = new LoraOptions { Rank = options.Integer("rank", 8, 1), Alpha = 16 },
            BatchSize = options.Integer("batch", 1, 1),
            MaxSteps = options.Integer("steps", 2, 1),
            GradientCheckpointing = options.Has("gc"),
            LoggingSteps = 1,
        };
        options.CheckAllRead();
        NativeLibraryLoader.EnsureLoaded();
        set_num_threads(threads);
        IDataView paths = ml.Data.LoadFromEnumerable(rows);
        return (training, ml.Transforms.LoadRawImageBytes("Image", null, nameof(Row.ImagePath)).Fit(paths).Transform(paths));
    }

    private static double MeasureRun(IReadOnlyList<string> arguments)
    {
        ProcessStartInfo start = new("dotnet", [typeof(PlanBench).Assembly.Location, "fit", .. arguments]) { RedirectStandardOutput = true };
        using Process run = Process.Start(start)!;
        string line = run.StandardOutput.ReadToEnd();
        run.WaitForExit();
        return run.ExitCode == 0
            ? JsonSerializer.Deserialize<JsonElement>(line).GetProperty("rss_peak_mib").GetDouble()
            : throw new BenchException($"The measured run ended with exit code {run.ExitCode}.");
    }

    private sealed class Row
    {
        public string ImagePath { get; set; } = "";

        public string Prompt { get; set; } = "";

        public string Label { get; set; } = "";
    }
}
