using Microsoft.ML.Vlm.Checkpoints;
using Microsoft.ML.Vlm.Models;
using static TorchSharp.torch;

namespace Microsoft.ML.Vlm.Adapters;

/// <summary>The weights of a model with its adapters in them, under the names and in the shapes of the base checkpoint.</summary>
internal static class ModelMerger
{
    /// <summary>Whether the merged model has an output head of its own where the base model's is tied to the token embedding.</summary>
    /// <param name="model">The model.</param>
    /// <param name="adapters">Its adapters, or null.</param>
    public static bool Unties(VisionLanguageModel model, AdapterSet? adapters)
        => adapters is not null && model.TiedHead is { } embedding && (adapters.Weights.ContainsKey(model.HeadWeightName) || adapters.Weights.ContainsKey(embedding.Name));

    /// <summary>All weights of the merged model, in ordinal order.</summary>
    /// <param name="model">The model that wears or wore the adapters.</param>
    /// <param name="adapters">The adapters; null for a model whose own weights were trained.</param>
    /// <param name="stored">
    /// The base checkpoint. Its weights are merged as they are stored, whatever type the model computes in; tensors in it that the model does not use are passed on.
    /// </param>
    /// <param name="type">Type of the written weights; null for that of each stored one.</param>
    /// <exception cref="InvalidOperationException">The base checkpoint itself is quantized.</exception>
    public static IReadOnlyList<CheckpointEntry> Entries(VisionLanguageModel model, AdapterSet? adapters, CheckpointWeights stored, ScalarType? type)
    {
        IEnumerable<string> names = stored.Names;
        if (Unties(model, adapters))
        {
            names = names.Append(model.HeadWeightName).Distinct();
        }
        return [.. names.Order(StringComparer.Ordinal).Select(name => Entry(name, model, adapters, stored, type))];
    }

    private static CheckpointEntry Entry(string name, VisionLanguageModel model, AdapterSet? adapters, CheckpointWeights stored, ScalarType? type)
    {
        // A tied head is a copy of the embedding, if the base checkpoint holds one at all.
        string source = name == model.HeadWeightName && model.TiedHead is { } embedding ? embedding.Name : name;
        if (!model.Weights.TryGetValue(source, out Weight? weight))
        {
            return new CheckpointEntry(name, stored.ShapeOf(name), stored.TypeOf(name), () => stored.Read(name));
        }

        if (stored.TypeOf(source) is not (ScalarType.Float32 or ScalarType.Float16 or ScalarType.BFloat16))
        {
            throw new InvalidOperationException($"The base checkpoint holds '{source}' as quantized codes, which an adapter cannot be merged into; merge on the original checkpoint.");
        }
        ScalarType written = type ?? stored.TypeOf(source);
        IReadOnlyList<long> shape = stored.ShapeOf(source);
        if (adapters is null)
        {
            return new CheckpointEntry(name, shape, written, () => weight.Own.detach());
        }
        Tensor? replacement = Unties(model, adapters) ? adapters.Weights.GetValueOrDefault(name) : adapters.Weights.GetValueOrDefault(source);
        if (replacement is not null)
        {
            return new CheckpointEntry(name, shape, written, () => replacement.detach());
        }
        return name.EndsWith(".weight", StringComparison.Ordinal) && adapters.Layers.TryGetValue(name[..^".weight".Length], out LoraAdapter? layer)
            ? new CheckpointEntry(name, shape, written, () => layer.MergedWeight(stored.Read(source)))
            : new CheckpointEntry(name, shape, written, () => stored.Read(source));
    }
}
