using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.ML.Vlm.Checkpoints;
using Microsoft.ML.Vlm.Models;
using Microsoft.ML.Vlm.Quantization;
using static TorchSharp.torch;

namespace Microsoft.ML.Vlm;

/// <summary>Writes a quantized model as transformers and bitsandbytes write it: codes and scales, and a configuration that says so.</summary>
internal static class QuantizedModelFiles
{
    private const string ConfigKey = "quantization_config";
    private const double ReferenceThreshold = 6;

    private static readonly JsonSerializerOptions s_indented = new() { WriteIndented = true };

    /// <summary>Writes a model folder. Each file appears only once it is complete, the configuration last.</summary>
    /// <param name="folder">Folder whose descriptions fit the model.</param>
    /// <param name="model">The model; adapters are not merged.</param>
    /// <param name="options">How it is quantized.</param>
    /// <param name="directory">Created if need be.</param>
    public static void Write(ModelFolder folder, VisionLanguageModel model, QuantOptions options, string directory)
    {
        Directory.CreateDirectory(directory);
        using var scope = NewDisposeScope();
        KeyValuePair<string, Tensor>[] tensors = [.. model.Weights.Values.SelectMany(weight => weight.Quantized?.ToTensors(weight.Name) ?? [new(weight.Name, weight.Own.detach())])];
        SafetensorsWriter.Write(Path.Combine(directory, CheckpointWeights.SingleFileName), tensors);
        foreach (string path in ModelFiles.Descriptions(folder.Path).Where(path => Path.GetFileName(path) != ModelConfig.FileName))
        {
            Copy(File.ReadAllText(path), Path.Combine(directory, Path.GetFileName(path)));
        }
        Copy(FormatConfig(File.ReadAllText(Path.Combine(folder.Path, ModelConfig.FileName)), model, options), Path.Combine(directory, ModelConfig.FileName));
    }

    /// <summary>The content of <c>config.json</c> for a quantized model; everything else in it stays.</summary>
    public static string FormatConfig(string json, VisionLanguageModel model, QuantOptions options)
    {
        IQuantizedWeight[] quantized = [.. model.Weights.Values.Select(weight => weight.Quantized).OfType<IQuantizedWeight>()];
        string[] kept = [.. model.Linears.Values.Where(linear => linear.Weight.Quantized is null).Select(linear => linear.Path).Order(StringComparer.Ordinal)];
        bool isInt8 = options.Type == QuantizationType.Int8;
        JsonObject root = JsonNode.Parse(json)!.AsObject();
        root[ConfigKey] = new JsonObject
        {
            ["_load_in_4bit"] = !isInt8,
            ["_load_in_8bit"] = isInt8,
            ["bnb_4bit_compute_dtype"] = quantized.Any(weight => weight.ComputeType == ScalarType.BFloat16) ? "bfloat16" : "float32",
            ["bnb_4bit_quant_storage"] = "uint8",
            ["bnb_4bit_quant_type"] = options.Type == QuantizationType.Nf4 ? "nf4" : "fp4",
            ["bnb_4bit_use_double_quant"] = !isInt8 && options.DoubleQuantization,
            ["llm_int8_enable_fp32_cpu_offload"] = false,
            ["llm_int8_has_fp16_weight"] = false,

            // The reference leaves the head alone by itself.
            ["llm_int8_skip_modules"] = kept.All(path => path == model.HeadPath) ? null : new JsonArray([.. kept.Select(path => (JsonNode)path)]),
            ["llm_int8_threshold"] = options.OutlierThreshold ?? ReferenceThreshold,
            ["load_in_4bit"] = !isInt8,
            ["load_in_8bit"] = isInt8,
            ["quant_method"] = "bitsandbytes",
        };
        return root.ToJsonString(s_indented);
    }

    /// <summary>The content of <c>config.json</c> for the same model with numbers in the place of codes.</summary>
    public static string FormatDequantizedConfig(string json)
    {
        JsonObject root = JsonNode.Parse(json)!.AsObject();
        return root.Remove(ConfigKey) ? root.ToJsonString(s_indented) : json;
    }

    /// <summary>How the weights of a model are quantized, whoever did it.</summary>
    /// <param name="model">A model with at least one quantized weight.</param>
    public static QuantOptions OptionsOf(VisionLanguageModel model) => model.Weights.Values.Select(weight => weight.Quantized).OfType<IQuantizedWeight>().First() switch
    {
        FourBitWeight weight => new QuantOptions
        {
            Type = weight.Code == FourBitCode.Fp4 ? QuantizationType.Fp4 : QuantizationType.Nf4,
            BlockSize = weight.BlockSize,
            DoubleQuantization = weight.IsDoublyQuantized,
        },
        Int8Weight weight => new QuantOptions { Type = QuantizationType.Int8, OutlierThreshold = weight.OutlierThreshold },
        IQuantizedWeight weight => throw new NotSupportedException($"{weight.GetType().Name} has no form in files."),
    };

    private static void Copy(string content, string path) => AtomicFile.Write(path, temporary => File.WriteAllText(temporary, content));
}
