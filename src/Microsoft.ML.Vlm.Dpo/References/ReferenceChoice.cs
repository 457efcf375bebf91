using Microsoft.ML.Vlm.Adapters;
using Microsoft.ML.Vlm.Checkpoints;
using Microsoft.ML.Vlm.Models;
using Microsoft.ML.Vlm.Processing;
using Microsoft.ML.Vlm.Text;
using static TorchSharp.torch;

namespace Microsoft.ML.Vlm.Dpo;

/// <summary>Finds what the policy is compared with.</summary>
internal static class ReferenceChoice
{
    /// <summary>Compares the vocabulary of a reference that was given with the policy's, before any weight is read.</summary>
    /// <param name="folder">The reference.</param>
    /// <param name="policy">The policy's tokenizer.</param>
    /// <exception cref="InvalidDataException">A token has another id, or is missing; names it.</exception>
    public static void CheckVocabulary(ModelFolder folder, VlmTokenizer policy)
    {
        VlmTokenizer reference = VlmProcessor.Load(folder).Tokenizer;
        int last = Math.Max(policy.VocabularySize, reference.VocabularySize);
        for (int id = 0; id < last; id++)
        {
            if (policy.TokenOf(id) != reference.TokenOf(id))
            {
                throw new InvalidDataException(
                    $"The reference in '{folder.Path}' has another vocabulary than the policy: the id {id} is {Name(reference.TokenOf(id))} there, but {Name(policy.TokenOf(id))} here. Log-probabilities of the same tokens "
                    + "are compared, so both need the same tokenizer.");
            }
        }
        static string Name(string? token) => token is null ? "no token" : $"'{token}'";
    }

    /// <summary>The reference of a run.</summary>
    /// <param name="options">The options.</param>
    /// <param name="folder">The policy's base model.</param>
    /// <param name="type">Number format; null as stored.</param>
    /// <param name="policy">The policy.</param>
    /// <param name="adapters">Its adapters; null for full fine-tuning.</param>
    /// <param name="isFresh">Whether the adapters were made for this run.</param>
    /// <exception cref="InvalidDataException">The reference that was given has another vocabulary or other image tokens.</exception>
    public static IReferencePolicy Of(
        VlmPreferenceOptions options, ModelFolder folder, ScalarType? type, VisionLanguageModel policy, AdapterSet? adapters, bool isFresh)
    {
        if (options.ReferenceModelPath is { } path)
        {
            return OpenOther(ModelLocation.Open(path, options), type, options.Quantization, policy);
        }
        if (adapters is null)
        {
            return new SeparateModelPolicy(ModelLoader.Load(folder, type, options.Quantization, policy.Device), policy);
        }

        bool isPlain = adapters.Layers.Values.All(layer => layer.LowRank is not null) && policy.VisionIsFrozen;
        return IsBaseModel(options, isFresh, isPlain) ? new BaseModelPolicy(policy, adapters) : new FrozenAdapterPolicy(policy, adapters);
    }

    /// <summary>Whether the policy's own model without its adapters is the reference.</summary>
    /// <param name="options">Options with an adapter.</param>
    /// <param name="isFresh">Whether the adapters were made for this run.</param>
    /// <param name="isPlain">Whether they are plain updates of the language model alone.</param>
    public static bool IsBaseModel(VlmPreferenceOptions options, bool isFresh, bool isPlain)
    {
        // Only with plain updates of the language model that start at 0 the model without them is, to the last bit, the model with them. A start from singular vectors moves a part of the
        // weights into the adapter, DoRA divides by lengths that it computed, and an adapted vision part goes another way through the kernels.
        bool isBaseWithout = isFresh && options.Lora!.Initialization is LoraInitialization.Kaiming or LoraInitialization.Gaussian or LoraInitialization.Orthogonal;
        return isBaseWithout && isPlain;
    }

    private static SeparateModelPolicy OpenOther(ModelFolder folder, ScalarType? type, QuantOptions? quantization, VisionLanguageModel policy)
    {
        VisionLanguageModel model = ModelLoader.Load(folder, type, quantization, policy.Device);
        if (model.VocabularySize != policy.VocabularySize || model.TokensPerTile != policy.TokensPerTile)
        {
            string found = $"{model.VocabularySize} tokens and {model.TokensPerTile} places for a tile", expected = $"{policy.VocabularySize} tokens and {policy.TokensPerTile}";
            model.Dispose();
            throw new InvalidDataException(
                $"The reference in '{folder.Path}' has a vocabulary of {found}, but the policy of {expected}. Log-probabilities of the same tokens are compared, so both need the same tokenizer.");
        }
        return new SeparateModelPolicy(model, original: null);
    }
}
