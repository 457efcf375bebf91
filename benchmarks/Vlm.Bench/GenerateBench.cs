using System.Diagnostics;
using Microsoft.ML.Vlm;
using Microsoft.ML.Vlm.Checkpoints;
using Microsoft.ML.Vlm.Generation;
using Microsoft.ML.Vlm.Models;
using Microsoft.ML.Vlm.Processing;
using Microsoft.ML.Vlm.Text;
using Microsoft.ML.Vlm.Torch;
using static TorchSharp.torch;

namespace Vlm.Bench;

/// <summary>Greedy answers of a fixed number of tokens: time to the first one, and time for each further one.</summary>
internal static class GenerateBench
{
    private const int WarmTokens = 4;

    /// <summary>Answers and writes one measure.</summary>
    /// <exception cref="BenchException">An option is wrong.</exception>
    public static void Run(BenchOptions options, MeasureWriter writer)
    {
        string modelPath = options.Require("model"), precision = options.Word("precision", "fp32", "bf16", "int8", "nf4", "fp4"), body = options.Word("body", "kernels", "torch");
        BenchRow[] rows = BenchRow.Read(options.Require("data"));
        int tokens = options.Integer("tokens", 64, 2), repeats = options.Integer("repeats", 5, 1), batch = options.Integer("batch", 1, 1), edge = options.Integer("tiles-edge", 0);
        bool keepsHead = options.Has("keep-head");
        string? label = options.Text("label"), name = options.Text("device");
        int threads = options.Threads();
        options.CheckAllRead();

        NativeLibraryLoader.EnsureLoaded();
        set_num_threads(threads);
        Device device = ComputeDevice.Resolve(name ?? "cpu");
        KernelChoice.IsOff = body == "torch";
        ModelFolder folder = ModelFolder.Open(modelPath);
        VlmProcessor processor = VlmProcessor.Load(folder, TrainBench.TilesOf(folder, edge));
        using VisionLanguageModel model = ModelLoader.Load(folder, precision == "fp32" ? ScalarType.Float32 : ScalarType.BFloat16, Quantization(precision, keepsHead), device);
        VlmSample[] prompts = [.. Enumerable.Range(0, batch).Select(row => processor.CreatePrompt(rows[row % rows.Length].ToExample(row) with { Completion = null }))];

        // No token ends an answer, so that all have the same length.
        GenerationOptions generation = new() { MaxNewTokens = tokens };
        _ = Answer(model, processor, prompts, generation with { MaxNewTokens = WarmTokens });
        List<(double Wall, double Cpu)[]> runs = [];
        List<double> others = [];
        OtherLoad load = new();
        load.Read();
        int[] ids = [];
        for (int repeat = 0; repeat < repeats; repeat++)
        {
            ((double, double)[] times, ids) = Answer(model, processor, prompts, generation);
            runs.Add(times);
            others.Add(load.Read());
        }

        double[] wall = [.. runs.Select(run => run.Skip(1).Average(step => step.Wall))], cpu = [.. runs.Select(run => run.Skip(1).Average(step => step.Cpu))];
        double[] steps = [.. runs.SelectMany(run => run.Skip(1)).Select(step => step.Wall)];
        Dictionary<string, object?> fields = new()
        {
            ["peer"] = "vlm",
            ["model"] = Path.GetFileName(Path.TrimEndingDirectorySeparator(Path.GetFullPath(modelPath))),
            ["precision"] = precision,
            ["head"] = precision is "fp32" or "bf16" || !keepsHead ? precision : "bf16",
            ["body"] = body,
            ["device"] = ComputeDevice.Describe(device),
            ["batch"] = batch,
            ["tiles_edge"] = edge,
            ["threads"] = threads,
            ["prompt_tokens"] = prompts[0].Tokens.Length,
            ["new_tokens"] = tokens,
            ["ttft_s"] = Spread.Of(runs.Select(run => run[0].Wall)),
            ["step_s"] = Spread.Of(steps),
            ["decode_s_per_token"] = Spread.Of(wall),
            ["decode_tokens_per_s"] = Math.Round(batch / Spread.Median(wall), 2),
            ["decode_tokens_per_s_best"] = Math.Round(batch / wall.Min(), 2),
            ["ttft_cpu_s"] = Spread.Of(runs.Select(run => run[0].Cpu)),
            ["decode_cpu_s_per_token"] = Spread.Of(cpu),
            ["other_cores"] = Math.Round(others.Average(), 2),
            ["first_ids"] = ids[..Math.Min(16, ids.Length)],
        };
        if (label is not null)
        {
            fields["label"] = label;
        }
        writer.Write("generate", fields);
    }

    // Other formats quantize their output head too, so that bits are equal; --keep-head measures this library's default.
    private static QuantOptions? Quantization(string precision, bool keepsHead) => precision switch
    {
        "int8" => Skipping(QuantOptions.Int8, keepsHead),
        "nf4" => Skipping(QuantOptions.Nf4, keepsHead),
        "fp4" => Skipping(QuantOptions.Fp4, keepsHead),
        _ => null,
    };

    private static QuantOptions Skipping(QuantOptions options, bool keepsHead) => keepsHead ? options : options with { SkipModules = ["vision", "connector"] };

    // Seconds of each step, of which the first one reads the prompts; and the tokens of the first answer.
    private static ((double Wall, double Cpu)[] Steps, int[] Tokens) Answer(VisionLanguageModel model, VlmProcessor processor, VlmSample[] prompts, GenerationOptions options)
    {
        List<(double, double)> steps = [];
        AnswerBuilder[] answers = [.. prompts.Select(_ => new AnswerBuilder(new IncrementalDecoder(processor.Tokenizer, skipSpecialTokens: true), new HashSet<int>(), options))];
        long start = Stopwatch.GetTimestamp();
        double cpu = ProcessFacts.CpuSeconds;
        using DecodingRun run = new(model, images => VisionFeatures.Encode(model, images), prompts, answers, options);
        while (run.IsRunning)
        {
            run.Step();
            (long Time, double Cpu) now = (Stopwatch.GetTimestamp(), ProcessFacts.CpuSeconds);
            steps.Add((Stopwatch.GetElapsedTime(start, now.Time).TotalSeconds, now.Cpu - cpu));
            (start, cpu) = now;
        }
        return ([.. steps], [.. answers[0].Tokens]);
    }
}
