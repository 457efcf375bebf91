using System.Diagnostics;
using Microsoft.ML.Vlm.Checkpoints;
using Microsoft.ML.Vlm.Models;
using Microsoft.ML.Vlm.Torch;
using TorchSharp;
using static TorchSharp.torch;

namespace Vlm.Bench;

/// <summary>Loading a checkpoint and touching the first value of each weight: time, and resident memory before and after.</summary>
internal static class LoadBench
{
    private const double Mebi = 1 << 20;

    /// <summary>Loads and writes one measure.</summary>
    /// <exception cref="BenchException">An option is wrong.</exception>
    public static void Run(BenchOptions options, MeasureWriter writer)
    {
        string path = options.Require("model"), how = options.Word("how", "vlm", "safetensors"), precision = options.Word("precision", "bf16", "fp32");
        int threads = options.Threads();
        string? label = options.Text("label");
        options.CheckAllRead();

        // Importing torch is not part of loading, on either side.
        NativeLibraryLoader.EnsureLoaded();
        set_num_threads(threads);
        zeros(1).Dispose();
        ScalarType type = precision == "bf16" ? ScalarType.BFloat16 : ScalarType.Float32;
        double before = ProcessFacts.ResidentMiB, cpu = ProcessFacts.CpuSeconds;
        long startedAt = Stopwatch.GetTimestamp();
        using DisposeScope scope = NewDisposeScope();
        using VisionLanguageModel? model = how == "vlm" ? ModelLoader.Load(ModelFolder.Open(path), type) : null;
        using CheckpointWeights? weights = how == "safetensors" ? CheckpointWeights.Open(path) : null;
        (double sum, long bytes) = Touch(model is not null
            ? model.Weights.Values.Select(weight => weight.Value)
            : [.. weights!.Names.Select(name => weights.TypeOf(name) == type ? weights.Read(name) : weights.ReadApart(name).to(type))]);
        double wall = Stopwatch.GetElapsedTime(startedAt).TotalSeconds, after = ProcessFacts.ResidentMiB;
        Dictionary<string, object?> fields = new()
        {
            ["how"] = how,
            ["model"] = Path.GetFileName(Path.TrimEndingDirectorySeparator(Path.GetFullPath(path))),
            ["precision"] = precision,
            ["threads"] = threads,
            ["wall_s"] = Math.Round(wall, 3),
            ["cpu_s"] = Math.Round(ProcessFacts.CpuSeconds - cpu, 3),
            ["weight_mib"] = Math.Round(bytes / Mebi, 1),
            ["rss_before_mib"] = Math.Round(before, 1),
            ["rss_after_mib"] = Math.Round(after, 1),
            ["first_values_sum"] = Math.Round(sum, 4),
        };
        if (label is not null)
        {
            fields["label"] = label;
        }
        writer.Write("load", fields);
    }

    private static (double Sum, long Bytes) Touch(IEnumerable<Tensor> tensors)
    {
        (double sum, long bytes) = (0, 0);
        foreach (Tensor tensor in tensors)
        {
            using var scope = NewDisposeScope();
            sum += tensor.flatten()[0].to(ScalarType.Float32).item<float>();
            bytes += tensor.numel() * tensor.ElementSize;
        }
        return (sum, bytes);
    }
}
