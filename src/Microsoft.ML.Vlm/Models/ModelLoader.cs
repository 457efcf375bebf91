using Microsoft.ML.Vlm.Checkpoints;
using Microsoft.ML.Vlm.Quantization;
using Microsoft.ML.Vlm.Torch;
using static TorchSharp.torch;

namespace Microsoft.ML.Vlm.Models;

/// <summary>Loads a model from its folder.</summary>
internal static class ModelLoader
{
    /// <summary>Maps the weights and builds the model.</summary>
    /// <param name="folder">The model.</param>
    /// <param name="computeType">Type of weights and activations, float32 or bfloat16. Null: bfloat16 if the checkpoint is stored so, else float32.</param>
    /// <param name="quantization">Which linear layers to quantize while reading, and how; null for none.</param>
    /// <param name="device">Where the weights go; null for the CPU.</param>
    /// <exception cref="InsufficientMemoryException">The device has no room for them.</exception>
    /// <exception cref="NotSupportedException">The family is unknown; names those that are known.</exception>
    /// <exception cref="InvalidDataException">Weights are missing, left over, or of another shape or type than the configuration says; lists them.</exception>
    public static VisionLanguageModel Load(ModelFolder folder, ScalarType? computeType = null, QuantOptions? quantization = null, Device? device = null)
    {
        if (computeType is not (null or ScalarType.Float32 or ScalarType.BFloat16))
        {
            throw new ArgumentOutOfRangeException(nameof(computeType), computeType, "Models compute in Float32 or BFloat16.");
        }

        quantization?.Validate();
        QuantizationPlan? plan = quantization is null ? null : new(quantization, ModelRegistry.RolesOf(folder.Config), WeightSource.HeadName);
        CheckpointWeights weights = folder.OpenWeights();
        ScalarType type = computeType ?? StoredType(folder.Config, weights);
        WeightSource source = new CheckpointWeightSource(weights, type, folder.Path, plan) { Device = device ?? CPU };
        try
        {
            ComputeDevice.CheckRoom(source.Device, LeastBytes(weights, type, quantization), $"the weights of '{folder.Path}'");
            return ModelRegistry.Create(folder.Config, source, type);
        }
        catch
        {
            source.Dispose();
            throw;
        }
    }

    // A quantized number takes half a byte or a byte, and scales besides; what the file has quantized already is not converted.
    private static long LeastBytes(CheckpointWeights weights, ScalarType type, QuantOptions? quantization)
    {
        int element = type == ScalarType.Float32 ? sizeof(float) : sizeof(short);
        double factor = quantization is null ? element : quantization.Type == QuantizationType.Int8 ? 1 : 0.5;
        return (long)weights.Names.Sum(name => weights.ShapeOf(name).Aggregate(1.0, (count, size) => count * size)
            * (weights.TypeOf(name) is ScalarType.Float32 or ScalarType.BFloat16 or ScalarType.Float16 ? factor : 1));
    }

    private static ScalarType StoredType(ModelConfig config, CheckpointWeights weights)
        => config.DType == ScalarType.BFloat16 || weights.Names.All(name => weights.TypeOf(name) == ScalarType.BFloat16) ? ScalarType.BFloat16 : ScalarType.Float32;
}
