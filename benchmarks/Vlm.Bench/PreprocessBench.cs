using System.Diagnostics;
using Microsoft.ML.Vlm;
using Microsoft.ML.Vlm.Checkpoints;
using Microsoft.ML.Vlm.Images;
using Microsoft.ML.Vlm.Models;
using Microsoft.ML.Vlm.Processing;
using Microsoft.ML.Vlm.Torch;
using static TorchSharp.torch;

namespace Vlm.Bench;

/// <summary>Pictures a second by stage: decoding, the image processor up to the normalized tensor that the tower reads, whole rows, tokenizing.</summary>
internal static class PreprocessBench
{
    private const int FewItems = 4;
    private const int ManyItems = 8;

    /// <summary>Measures all stages.</summary>
    /// <exception cref="BenchException">An option is wrong.</exception>
    public static void Run(BenchOptions options, MeasureWriter writer)
    {
        string modelPath = options.Require("model"), data = options.Require("data");
        int items = options.Integer("n", 16, 1), repeats = options.Integer("repeats", 5, 1), threads = options.Threads();
        int? onlyEdge = options.Has("tiles-edge") ? options.Integer("tiles-edge", 0) : null;
        string? label = options.Text("label");
        options.CheckAllRead();

        NativeLibraryLoader.EnsureLoaded();
        set_num_threads(threads);
        ModelFolder folder = ModelFolder.Open(modelPath);
        BenchRow[] rows = [.. BenchRow.Read(data).Take(items)];
        PixelImage[] images = [.. rows.Select(row => ImageDecoder.Read(row.ImagePath))];
        int native = folder.Processor.Image.LongestEdge, tile = folder.Processor.Image.TileEdge;
        if (onlyEdge is null)
        {
            MeasureDecoding("png", Path.Combine(data, "images"));
            MeasureDecoding("jpeg", Path.Combine(data, "jpeg"));
        }
        int[] edges = onlyEdge is int only ? [only] : [0, 2 * tile, native];
        foreach (int edge in edges)
        {
            ImageProcessor processor = ImageProcessorRegistry.Create(folder, TrainBench.TilesOf(folder, edge));
            PixelImage[] some = [.. images.Take(edge > 2 * tile ? FewItems : ManyItems)];
            long[] shape = ProcessToTensor(processor, some[0]);
            Measure("image-processor-vlm", some.Length, () => Array.ForEach(some, image => ProcessToTensor(processor, image)), ("tiles_edge", edge), ("pixel_shape", shape));
        }
        foreach (int edge in edges.Where(edge => edge != 2 * tile))
        {
            VlmProcessor processor = VlmProcessor.Load(folder, TrainBench.TilesOf(folder, edge));
            BenchRow[] some = [.. rows.Take(edge > 0 ? FewItems : ManyItems)];
            Measure("collate-from-png", some.Length, () => Array.ForEach(some, row => Collate(processor, row)), ("tiles_edge", edge));
        }
        if (onlyEdge is null)
        {
            VlmProcessor processor = VlmProcessor.Load(folder);
            string[] texts = [.. rows.Select(row => $"{row.Question} {row.Answer}")];
            Measure("tokenize", texts.Length, () => Array.ForEach(texts, text => processor.Tokenizer.Encode(text)));
        }

        void MeasureDecoding(string kind, string source)
        {
            byte[][] files = Directory.Exists(source) ? [.. Directory.EnumerateFiles(source).Order(StringComparer.Ordinal).Take(items).Select(File.ReadAllBytes)] : [];
            if (files.Length > 0)
            {
                Measure($"decode-{kind}", files.Length, () => Array.ForEach(files, file => ImageDecoder.Decode(file, kind)), ("mean_bytes", files.Sum(file => file.Length) / files.Length));
            }
        }

        void Measure(string what, int count, Action action, params ReadOnlySpan<(string Name, object? Value)> more)
        {
            action();
            OtherLoad load = new();
            load.Read();
            List<double> wall = [], cpu = [];
            for (int repeat = 0; repeat < repeats; repeat++)
            {
                double cpuBefore = ProcessFacts.CpuSeconds;
                long startedAt = Stopwatch.GetTimestamp();
                action();
                wall.Add(Stopwatch.GetElapsedTime(startedAt).TotalSeconds / count);
                cpu.Add((ProcessFacts.CpuSeconds - cpuBefore) / count);
            }
            Dictionary<string, object?> fields = new()
            {
                ["what"] = what,
                ["threads"] = threads,
                ["items"] = count,
                ["s_per_item"] = Spread.Of(wall),
                ["cpu_s_per_item"] = Spread.Of(cpu),
                ["items_per_s"] = Math.Round(1 / Spread.Median(wall), 2),
                ["other_cores"] = Math.Round(load.Read(), 2),
            };
            foreach ((string name, object? value) in more)
            {
                fields[name] = value;
            }
            if (label is not null)
            {
                fields["label"] = label;
            }
            writer.Write("preprocess", fields);
        }
    }

    private static long[] ProcessToTensor(ImageProcessor processor, PixelImage image)
    {
        ImageTiles tiles = processor.Process(image);
        using Tensor normalized = VisionFeatures.Normalize(tiles, 0, tiles.Count);
        return normalized.shape;
    }

    private static void Collate(VlmProcessor processor, BenchRow row)
    {
        VlmSample sample = processor.CreateTraining(row.ToExample(0), LabelMasking.Answer);
        using VlmBatch batch = VlmBatch.Create([sample], processor.TokensPerTile);
        foreach (ImageTiles tiles in batch.Images)
        {
            VisionFeatures.Normalize(tiles, 0, tiles.Count).Dispose();
        }
    }
}
