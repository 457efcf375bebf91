using Microsoft.ML.Vlm.Checkpoints;
using Microsoft.ML.Vlm.Quantization;
using static TorchSharp.torch;

namespace Microsoft.ML.Vlm.Models;

/// <summary>Loads a model from its folder.</summary>
internal static class ModelLoader
{
    /// <summary>Maps the weights and builds the model.</summary>
    /// <param name="folder">The model.</param>
    /// <param name="computeType">Type of weights and activations, float32 or bfloat16. Null: bfloat16 if the checkpoint is stored so, else float32.</param>
    /// <param name="quantization">Which linear layers to quantize while reading, and how; null for none.</param>
    /// <exception cref="NotSupportedException">The family is unknown; names those that are known.</exception>
    /// <exception cref="InvalidDataException">Weights are missing, left over, or of another shape or type than the configuration says; lists them.</exception>
    public static VisionLanguageModel Load(ModelFolder folder, ScalarType? computeType = null, QuantOptions? quantization = null)
    {
        if (computeType is not (null or ScalarType.Float32 or ScalarType.BFloat16))
        {
            throw new ArgumentOutOfRangeException(nameof(computeType), computeType, "Models compute in Float32 or BFloat16.");
        }

        quantization?.Validate();
        QuantizationPlan? plan = quantization is null ? null : new(quantization, ModelRegistry.RolesOf(folder.Config), WeightSource.HeadName);
        CheckpointWeights weights = folder.OpenWeights();
        ScalarType type = computeType ?? StoredType(folder.Config, weights);
        WeightSource source = new CheckpointWeightSource(weights, type, folder.Path, plan);
        try
        {
            return ModelRegistry.Create(folder.Config, source, type);
        }
        catch
        {
            source.Dispose();
            throw;
        }
    }

    private static ScalarType StoredType(ModelConfig config, CheckpointWeights weights)
        => config.DType == ScalarType.BFloat16 || weights.Names.All(name => weights.TypeOf(name) == ScalarType.BFloat16) ? ScalarType.BFloat16 : ScalarType.Float32;
}
