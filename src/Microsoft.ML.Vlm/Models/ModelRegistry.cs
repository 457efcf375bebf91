using Microsoft.ML.Vlm.Checkpoints;
using Microsoft.ML.Vlm.Models.Llama;
using Microsoft.ML.Vlm.Models.SmolVlm;
using static TorchSharp.torch;

namespace Microsoft.ML.Vlm.Models;

/// <summary>The model families, by the <c>model_type</c> of their configuration.</summary>
internal static class ModelRegistry
{
    private static readonly Dictionary<string, Func<ModelConfig, WeightSource, ScalarType, VisionLanguageModel>> s_families = new()
    {
        ["smolvlm"] = (config, weights, type) => new SmolVlmModel((SmolVlmConfig)config, weights, type),
        ["idefics3"] = (config, weights, type) => new SmolVlmModel((SmolVlmConfig)config, weights, type),
        ["llama"] = (config, weights, type) => new LlamaModel((LlamaConfig)config, weights, type),
    };

    /// <summary>The part of a family's model that a module path belongs to, known before the model is built.</summary>
    /// <param name="config">Its type chooses the family.</param>
    public static Func<string, ModelRole> RolesOf(ModelConfig config) => config is SmolVlmConfig ? SmolVlmModel.RoleOfPath : _ => ModelRole.Language;

    /// <summary>Builds a model.</summary>
    /// <param name="config">Sizes; its type chooses the family.</param>
    /// <param name="weights">Where the weights come from; the model owns it afterwards.</param>
    /// <param name="computeType">float32 or bfloat16.</param>
    /// <exception cref="NotSupportedException">The family is unknown; names those that are known.</exception>
    public static VisionLanguageModel Create(ModelConfig config, WeightSource weights, ScalarType computeType)
        => s_families.TryGetValue(config.ModelType, out Func<ModelConfig, WeightSource, ScalarType, VisionLanguageModel>? create)
            ? create(config, weights, computeType)
            : throw new NotSupportedException($"Models of type '{config.ModelType}' are not supported. Supported are {string.Join(", ", s_families.Keys)}.");
}
