using System.Diagnostics;
using System.Text.Json.Nodes;
using Microsoft.ML.Vlm;
using Microsoft.ML.Vlm.Checkpoints;
using Microsoft.ML.Vlm.Models;
using Microsoft.ML.Vlm.Torch;
using static TorchSharp.torch;

namespace Vlm.Bench;

/// <summary>Writes a checkpoint of random bfloat16 weights in the sizes of SmolVLM2-2.2B or of a config.json, shard by shard, with tokenizer and processor of another one.</summary>
internal static class MakeCheckpointBench
{
    private const double Deviation = 0.02;
    private const long ShardBytes = 400_000_000;

    /// <summary>Writes the folder.</summary>
    /// <exception cref="BenchException">An option is wrong, or the folder is there.</exception>
    public static void Run(BenchOptions options, MeasureWriter writer)
    {
        string like = options.Require("like"), target = options.Require("out");
        CheckpointSizes sizes = options.Text("config") is { } config ? CheckpointSizes.Read(config) : CheckpointSizes.Large;
        sizes = sizes.WithLayers(options.Integer("layers", sizes.Layers, 1));
        int seed = options.Integer("seed", 1);
        options.CheckAllRead();
        if (Directory.Exists(target))
        {
            throw new BenchException($"'{target}' is there already.");
        }
        NativeLibraryLoader.EnsureLoaded();
        long startedAt = Stopwatch.GetTimestamp();
        Directory.CreateDirectory(target);
        foreach (string path in ModelFiles.Descriptions(like))
        {
            File.WriteAllText(Path.Combine(target, Path.GetFileName(path)), Path.GetFileName(path) switch
            {
                "config.json" => Sized(File.ReadAllText(path), sizes),
                "processor_config.json" or "preprocessor_config.json" => Tiled(File.ReadAllText(path), sizes),
                _ => File.ReadAllText(path),
            });
        }

        using ShapeList shapes = new();
        ModelConfig sized = ModelFolder.Open(target).Config;
        ModelRegistry.Create(sized, shapes, ScalarType.BFloat16).Dispose();
        using Generator random = new((ulong)seed);
        CheckpointEntry[] entries = [.. shapes.Found.Select(pair => new CheckpointEntry(pair.Key, pair.Value, ScalarType.BFloat16, () => Values(pair.Key, pair.Value, random)))];
        int shards = CheckpointShards.Write(target, entries, ShardBytes);
        writer.Write("make-checkpoint", new Dictionary<string, object?>
        {
            ["parameters"] = entries.Sum(entry => entry.Count),
            ["mib"] = entries.Sum(entry => entry.Bytes) >> 20,
            ["shards"] = shards,
            ["wall_s"] = Math.Round(Stopwatch.GetElapsedTime(startedAt).TotalSeconds, 1),
        });
    }

    private static Tensor Values(string name, long[] shape, Generator random)
    {
        if (shape.Length == 1)
        {
            return name.EndsWith(".bias", StringComparison.Ordinal) ? zeros(shape, ScalarType.BFloat16) : ones(shape, ScalarType.BFloat16);
        }
        using Tensor wide = randn(shape, generator: random).mul_(Deviation);
        return wide.to(ScalarType.BFloat16);
    }

    private static string Sized(string json, CheckpointSizes sizes)
    {
        JsonObject root = JsonNode.Parse(json)!.AsObject(), text = root["text_config"]!.AsObject(), vision = root["vision_config"]!.AsObject();
        foreach ((string key, int value) in sizes.Text)
        {
            text[key] = value;
        }
        foreach ((string key, int value) in sizes.Vision)
        {
            vision[key] = value;
        }
        root["scale_factor"] = sizes.ScaleFactor;
        return root.ToJsonString();
    }

    private static string Tiled(string json, CheckpointSizes sizes)
    {
        JsonObject root = JsonNode.Parse(json)!.AsObject();
        JsonObject image = root["image_processor"] as JsonObject ?? root;
        image["max_image_size"] = new JsonObject { ["longest_edge"] = sizes.TileEdge };
        image["size"] = new JsonObject { ["longest_edge"] = CheckpointSizes.TilesAlongEdge * sizes.TileEdge };
        if (root.ContainsKey("image_seq_len"))
        {
            root["image_seq_len"] = sizes.TokensPerTile;
        }
        return root.ToJsonString();
    }

    /// <summary>Takes down names and shapes of the weights that a model asks for.</summary>
    private sealed class ShapeList : WeightSource
    {
        public List<KeyValuePair<string, long[]>> Found { get; } = [];

        public override void Complete()
        {
        }

        protected override Tensor Create(string name, long[] shape)
        {
            Found.Add(new(name, shape));
            return empty(0).DetachFromDisposeScope();
        }
    }
}
