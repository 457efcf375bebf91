using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.ML.Vlm.Adapters;
using Microsoft.ML.Vlm.Checkpoints;
using Microsoft.ML.Vlm.Evaluation;
using Microsoft.ML.Vlm.Models;
using Microsoft.ML.Vlm.Processing;
using Microsoft.ML.Vlm.Quantization;
using static TorchSharp.torch;

namespace Microsoft.ML.Vlm;

/// <summary>
/// Writes a model with its adapters merged, in a folder that transformers loads. The folder appears under its name only after the written model has been loaded again
/// and compared with the adapted one.
/// </summary>
internal static class ModelMerging
{
    private const double SmallGap = 1e-3;
    private const double RoundingGap = 0.1;
    private const double QuantizationGap = 1;

    // transformers 5 and 4.
    private static readonly string[] s_typeKeys = ["dtype", "torch_dtype"];
    private static readonly JsonSerializerOptions s_indented = new() { WriteIndented = true };

    /// <summary>Throws unless a folder is free to be written.</summary>
    /// <exception cref="InvalidOperationException">There is a file of the name, or something in the folder.</exception>
    public static void CheckFree(string directory)
    {
        if (File.Exists(directory) || (Directory.Exists(directory) && Directory.EnumerateFileSystemEntries(directory).Any()))
        {
            throw new InvalidOperationException($"'{directory}' exists already. A merged model is written into a new or empty folder; name another one, or delete it first.");
        }
    }

    /// <summary>Merges.</summary>
    /// <param name="folder">The base model.</param>
    /// <param name="model">The model, wearing the adapters; nobody else computes with it.</param>
    /// <param name="adapters">The adapters; null when the model's own weights were trained.</param>
    /// <param name="rows">Rows to compare on.</param>
    /// <param name="directory">A new or empty folder.</param>
    /// <param name="options">Validated.</param>
    /// <exception cref="InvalidOperationException">The gap exceeds what the options allow, the base has no such weights to merge into, or the folder is not free. Nothing is left behind.</exception>
    public static MergeReport Run(
        ModelFolder folder, VisionLanguageModel model, AdapterSet? adapters, IReadOnlyList<VlmSample> rows, string directory, MergeOptions options)
    {
        string target = Path.GetFullPath(directory), temporary = $"{Path.TrimEndingDirectorySeparator(target)}.{Guid.NewGuid():N}.tmp";
        CheckFree(target);
        CheckTarget(folder, model, options.Target);
        Directory.CreateDirectory(temporary);
        try
        {
            MergeReport report = Write(folder, model, adapters, temporary, options) with { Directory = target };
            using (VisionLanguageModel merged = ModelLoader.Load(ModelFolder.Open(temporary), model.ComputeType, device: model.Device))
            {
                report = Compare(report, LogitComparison.Of(model, adapters, merged, rows));
            }
            double limit = options.MaximumMeanGap ?? AllowedGap(folder, model, options);
            if (!(report.MeanGap <= limit))
            {
                throw new InvalidOperationException(
                    $"The merged model was not written to '{directory}': {report}. At most {limit} is allowed on average (MergeOptions.MaximumMeanGap); {NearestChoice(model, options)} loses least.");
            }
            if (Directory.Exists(target))
            {
                Directory.Delete(target);
            }
            Directory.Move(temporary, target);
            return report;
        }
        catch
        {
            Directory.Delete(temporary, recursive: true);
            throw;
        }
    }

    /// <summary>The content of <c>config.json</c> for the merged model; everything else in it stays.</summary>
    /// <param name="json">That of the base model.</param>
    /// <param name="precision">Number format of the weights, or null for the base model's.</param>
    /// <param name="isUntied">Whether the merged model has an output head of its own.</param>
    internal static string FormatConfig(string json, VlmPrecision? precision, bool isUntied)
    {
        JsonObject root = JsonNode.Parse(json)!.AsObject();
        foreach (JsonObject section in root.Select(property => property.Value).OfType<JsonObject>().Prepend(root))
        {
            foreach (string key in s_typeKeys.Where(key => precision is not null && section.ContainsKey(key)))
            {
                section[key] = NameOf(precision!.Value);
            }
            if (isUntied && (section == root || section.ContainsKey("tie_word_embeddings")))
            {
                section["tie_word_embeddings"] = false;
            }
        }
        if (precision is not null && !s_typeKeys.Any(root.ContainsKey))
        {
            root[s_typeKeys[0]] = NameOf(precision.Value);
        }
        return root.ToJsonString(s_indented);
    }

    // The difference of an adapter is smaller than the steps of 4-bit codes.
    private static void CheckTarget(ModelFolder folder, VisionLanguageModel model, MergeTarget target)
    {
        if (target != MergeTarget.Original)
        {
            if (!IsQuantized(model))
            {
                throw new InvalidOperationException($"MergeOptions.Target is {target}, but the base model in '{folder.Path}' is not quantized here; leave it at {MergeTarget.Original}.");
            }
            return;
        }
        using CheckpointWeights stored = folder.OpenWeights();
        if (stored.Names.FirstOrDefault(name => stored.TypeOf(name) is ScalarType.Byte or ScalarType.Int8) is { } name)
        {
            throw new InvalidOperationException(
                $"The base model in '{folder.Path}' is stored quantized ('{name}' holds codes): the original weights are not there. Set MergeOptions.Target to {MergeTarget.Dequantized} or "
                + $"{MergeTarget.Requantized}, or put the adapter (SaveAdapter) on the original 16-bit model by ApplyVlm, and merge there.");
        }
    }

    private static MergeReport Write(ModelFolder folder, VisionLanguageModel model, AdapterSet? adapters, string temporary, MergeOptions options)
    {
        foreach (string path in ModelFiles.Descriptions(folder.Path))
        {
            File.Copy(path, Path.Combine(temporary, Path.GetFileName(path)));
        }
        WriteConfig(Path.Combine(temporary, ModelConfig.FileName), model, ModelMerger.Unties(model, adapters), options);
        using CheckpointWeights stored = folder.OpenWeights();
        ScalarType? type = options.Precision switch
        {
            VlmPrecision.Float32 => ScalarType.Float32,
            VlmPrecision.BFloat16 => ScalarType.BFloat16,
            _ => null,
        };
        using var scope = NewDisposeScope();
        using var values = no_grad();
        bool usesCodes = options.Target == MergeTarget.Dequantized || model.Weights.Keys.Any(name => ModelMerger.IsStoredAsCodes(stored, name));
        IReadOnlyList<CheckpointEntry> entries = ModelMerger.Entries(model, adapters, stored, type, usesCodes);
        IReadOnlyList<CheckpointEntry> written = options.Target == MergeTarget.Requantized ? ModelMerger.Requantize(entries, model, adapters) : entries;
        return new MergeReport
        {
            Directory = temporary,
            Target = options.Target,
            ShardCount = CheckpointShards.Write(temporary, written, options.MaximumShardBytes),
            ParameterCount = entries.Sum(entry => entry.Count),
            MaximumGap = 0,
            MeanGap = 0,
            GreedyAgreement = 0,
            PositionCount = 0,
        };
    }

    private static void WriteConfig(string path, VisionLanguageModel model, bool isUntied, MergeOptions options)
    {
        string json = File.ReadAllText(path);
        string changed = options.Precision is not null || isUntied ? FormatConfig(json, options.Precision, isUntied) : json;
        changed = options.Target switch
        {
            MergeTarget.Dequantized => QuantizedModelFiles.FormatDequantizedConfig(changed),
            MergeTarget.Requantized => QuantizedModelFiles.FormatConfig(changed, model, QuantizedModelFiles.OptionsOf(model)),
            _ => changed,
        };
        if (changed != json)
        {
            File.WriteAllText(path, changed);
        }
    }

    private static MergeReport Compare(MergeReport report, LogitComparison comparison) => report with
    {
        MaximumGap = comparison.Maximum,
        MeanGap = comparison.Mean,
        GreedyAgreement = comparison.Agreement,
        AdapterEffect = comparison.AdapterEffect,
        PositionCount = comparison.Positions,
    };

    private static double AllowedGap(ModelFolder folder, VisionLanguageModel model, MergeOptions options)
    {
        IQuantizedWeight[] quantized = [.. model.Weights.Values.Select(weight => weight.Quantized).OfType<IQuantizedWeight>()];
        if (quantized.Length > 0 && (options.Target != MergeTarget.Dequantized || quantized.Any(weight => weight is Int8Weight { OutlierThreshold: not null })))
        {
            return QuantizationGap;
        }
        return IsWide(folder, model, options) && quantized.All(weight => weight.ComputeType == ScalarType.Float32) ? SmallGap : RoundingGap;
    }

    private static string NearestChoice(VisionLanguageModel model, MergeOptions options)
        => IsQuantized(model) && options.Target != MergeTarget.Dequantized ? $"Target = {MergeTarget.Dequantized}" : "Precision = Float32";

    private static bool IsQuantized(VisionLanguageModel model) => model.Weights.Values.Any(weight => weight.Quantized is not null);

    private static bool IsWide(ModelFolder folder, VisionLanguageModel model, MergeOptions options)
    {
        if (model.ComputeType != ScalarType.Float32 || options.Precision is not null)
        {
            return model.ComputeType == ScalarType.Float32 && options.Precision == VlmPrecision.Float32;
        }
        using CheckpointWeights stored = folder.OpenWeights();
        return stored.Names.All(name => stored.TypeOf(name) == ScalarType.Float32);
    }

    private static string NameOf(VlmPrecision precision) => precision == VlmPrecision.Float32 ? "float32" : "bfloat16";
}
