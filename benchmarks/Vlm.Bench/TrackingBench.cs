using System.Diagnostics;
using System.Diagnostics.Metrics;
using Microsoft.ML;
using Microsoft.ML.Vlm;
using Microsoft.ML.Vlm.Torch;
using Microsoft.ML.Vlm.Tracking;
using static TorchSharp.torch;

namespace Vlm.Bench;

/// <summary>
/// What tracking costs: the same run without and with all trackers in turn, each step compared with itself, which tells on a quiet machine; and the trackers alone, fed at the pace of a run,
/// which tells anywhere.
/// </summary>
internal static class TrackingBench
{
    private static readonly string[] s_keys =
    [
        "train/loss", "train/grad_norm", "train/learning_rate", "train/epoch", "train/num_tokens", "train/entropy", "train/mean_token_accuracy", "train/global_step", "train/tokens_per_second", "train/data_wait",
    ];

    /// <summary>Trains in turn and writes CPU seconds of a step of both kinds, and their ratio.</summary>
    /// <exception cref="BenchException">An option is wrong.</exception>
    public static void Run(BenchOptions options, MeasureWriter writer)
    {
        string model = options.Require("model"), data = options.Require("data");
        int rounds = options.Integer("rounds", 4, 1), steps = options.Integer("steps", 100, 2), batch = options.Integer("batch", 8, 1), logging = options.Integer("logging", 10, 1);
        int threads = options.Threads();
        options.CheckAllRead();
        NativeLibraryLoader.EnsureLoaded();
        set_num_threads(threads);
        MLContext ml = new(seed: 1);
        IDataView rows = ml.Data.LoadVlm(data);
        double[] Train(bool isTracked) => TrainOnce(ml, rows, isTracked, new VlmSftEstimator.Options
        {
            ModelPath = model,
            Precision = VlmPrecision.Float32,
            Lora = new LoraOptions { Rank = 8, Alpha = 16 },
            BatchSize = batch,
            MaxSteps = steps,
            LoggingSteps = logging,
        });

        // The first two runs compile what the others measure.
        Train(isTracked: false);
        Train(isTracked: true);
        List<double> plain = [], tracked = [];
        for (int round = 0; round < rounds; round++)
        {
            foreach (bool isTracked in round % 2 == 0 ? new[] { false, true } : [true, false])
            {
                (isTracked ? tracked : plain).AddRange(Train(isTracked));
            }
        }
        writer.Write("tracking", new Dictionary<string, object?>
        {
            ["logging_steps"] = logging,
            ["threads"] = threads,
            ["cpu_step_s_plain"] = Spread.Of(plain),
            ["cpu_step_s_tracked"] = Spread.Of(tracked),
            ["ratio_of_medians"] = Math.Round(Spread.Median(tracked) / Spread.Median(plain), 4),
            ["ratio_of_sums"] = Math.Round(tracked.Sum() / plain.Sum(), 4),
            ["median_ratio"] = Math.Round(Spread.Median(tracked.Zip(plain, (one, other) => one / other)), 4),
        });
    }

    /// <summary>Feeds the trackers for a while and writes the CPU seconds of a step; those of the loop alone are taken off.</summary>
    /// <exception cref="BenchException">An option is wrong.</exception>
    public static void Replay(BenchOptions options, MeasureWriter writer)
    {
        int steps = options.Integer("steps", 300, 10), pace = options.Integer("pace-ms", 50, 1), logging = options.Integer("logging", 10, 1);
        options.CheckAllRead();

        // The first round compiles what the others measure.
        Feed(20, 10, 2, isTracked: true);
        double idle = Feed(steps, pace, logging, isTracked: false), tracked = Feed(steps, pace, logging, isTracked: true);
        writer.Write("tracking-alone", new Dictionary<string, object?>
        {
            ["logging_steps"] = logging,
            ["pace_ms"] = pace,
            ["cpu_step_s_loop"] = Math.Round(idle / steps, 7),
            ["cpu_step_s_trackers"] = Math.Round((tracked - idle) / steps, 7),
            ["part_of_a_core"] = Math.Round((tracked - idle) / (steps * pace / 1000.0), 5),
        });
    }

    private static double Feed(int steps, int pace, int logging, bool isTracked)
    {
        string folder = Directory.CreateTempSubdirectory("vlm-bench-").FullName;
        using MeterListener listener = Listen();
        using RunLog log = new(folder);
        using TensorBoardTracker board = new(folder);
        RunTracking tracking = new([log, board, new TrackioTracker(Path.Combine(folder, "trackio")), new ConsoleTracker(TextWriter.Null, () => 120)], Console.Error.WriteLine);
        RunStart run = new()
        {
            Id = Guid.NewGuid().ToString("N"),
            Name = "bench",
            Project = "bench",
            Time = DateTime.UtcNow,
            IsResumed = false,
            TotalSteps = steps,
            OutputDirectory = folder,
            Configuration = OptionValues.AllOf(new VlmSftEstimator.Options { ModelPath = folder }),
            Summary = new Dictionary<string, string> { ["rows"] = "1000" },
            Environment = new Dictionary<string, string>(),
        };
        using RunTelemetry telemetry = new(run);
        if (isTracked)
        {
            tracking.Start(run);
        }
        double before = ProcessFacts.CpuSeconds;
        for (int step = 1; step <= steps; step++)
        {
            Thread.Sleep(pace);
            if (!isTracked)
            {
                continue;
            }
            VlmStep done = new() { Step = step, TotalSteps = steps, Epoch = 1, Loss = 1.0 / step, GradientNorm = 1, LearningRate = 1e-4, Rows = [1, 2, 3, 4] };
            telemetry.Step(done);
            tracking.Step(done);
            if (step % logging == 0)
            {
                using Process process = Process.GetCurrentProcess();
                tracking.Log(new RunMetrics
                {
                    Step = step,
                    Time = DateTime.UtcNow,
                    Values = s_keys.ToDictionary(key => key, key => step + (double)key.Length),
                    System = new Dictionary<string, double> { ["memory_gib"] = process.WorkingSet64, ["peak_memory_gib"] = process.PeakWorkingSet64 },
                    RemainingTime = TimeSpan.FromSeconds(steps - step),
                });
            }
        }
        double cpu = ProcessFacts.CpuSeconds - before;
        tracking.Finish(RunState.Finished);
        Directory.Delete(folder, recursive: true);
        return cpu;
    }

    private static double[] TrainOnce(MLContext ml, IDataView rows, bool isTracked, VlmSftEstimator.Options options)
    {
        string folder = Directory.CreateTempSubdirectory("vlm-bench-").FullName;
        using MeterListener? listener = isTracked ? Listen() : null;
        TextWriter errors = Console.Error;
        List<double> ends = [];
        try
        {
            if (isTracked)
            {
                (options.OutputDirectory, options.ReportTo) = (folder, TrackerKind.All);
                Environment.SetEnvironmentVariable("TRACKIO_DIR", Path.Combine(folder, "trackio"));
                Console.SetError(TextWriter.Null);
            }
            options.StepCallback = _ => ends.Add(ProcessFacts.CpuSeconds);
            ml.Transforms.VlmSft(options).Fit(rows).Dispose();
        }
        finally
        {
            Console.SetError(errors);
            Directory.Delete(folder, recursive: true);
        }
        return [.. ends.Zip(ends.Skip(1), (start, end) => end - start)];
    }

    private static MeterListener Listen()
    {
        MeterListener listener = new() { InstrumentPublished = (instrument, self) => self.EnableMeasurementEvents(instrument) };
        listener.SetMeasurementEventCallback<double>((_, _, _, _) => { });
        listener.SetMeasurementEventCallback<long>((_, _, _, _) => { });
        listener.Start();
        return listener;
    }
}
