using Microsoft.ML.Vlm.Checkpoints;
using Microsoft.ML.Vlm.Models;
using Microsoft.ML.Vlm.Quantization;
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
    /// <param name="type">Type of the written weights; null for that of each stored one, and for that of the model where codes are stored.</param>
    /// <param name="usesCodes">Whether updates of quantized weights are added to what their codes stand for instead of what is stored.</param>
    public static IReadOnlyList<CheckpointEntry> Entries(VisionLanguageModel model, AdapterSet? adapters, CheckpointWeights stored, ScalarType? type, bool usesCodes = false)
    {
        HashSet<string> beside = [.. model.Weights.Keys.Where(name => IsStoredAsCodes(stored, name)).SelectMany(BitsAndBytesLayout.NamesBeside)];
        IEnumerable<string> names = stored.Names.Where(name => !beside.Contains(name));
        if (Unties(model, adapters))
        {
            names = names.Append(model.HeadWeightName).Distinct();
        }
        return [.. names.Order(StringComparer.Ordinal).Select(name => Entry(name, model, adapters, stored, type, usesCodes))];
    }

    /// <summary>The same weights with those that the model has quantized as codes again, in the layout of bitsandbytes. All codes are made at once, in the caller's scope.</summary>
    /// <param name="entries">What <see cref="Entries"/> gives.</param>
    /// <param name="model">The model; weights that no adapter changes keep their codes.</param>
    /// <param name="adapters">Its adapters, or null.</param>
    public static IReadOnlyList<CheckpointEntry> Requantize(IReadOnlyList<CheckpointEntry> entries, VisionLanguageModel model, AdapterSet? adapters)
        => [.. entries.SelectMany(entry => model.Weights.GetValueOrDefault(entry.Name)?.Quantized is { } quantized ? Codes(entry, quantized, adapters) : [entry])];

    /// <summary>Whether a checkpoint holds codes instead of numbers under a name.</summary>
    public static bool IsStoredAsCodes(CheckpointWeights stored, string name)
        => stored.Names.Contains(name) && stored.TypeOf(name) is not (ScalarType.Float32 or ScalarType.Float16 or ScalarType.BFloat16);

    private static IEnumerable<CheckpointEntry> Codes(CheckpointEntry entry, IQuantizedWeight own, AdapterSet? adapters)
    {
        if (adapters?.Layers.Values.Any(layer => layer.Layer.Weight.Quantized == own) != true)
        {
            return [.. own.ToTensors(entry.Name).Select(AsEntry)];
        }
        using var scope = NewDisposeScope();
        using IQuantizedWeight merged = own.QuantizeLike(entry.Create().cpu());

        // The tensors outlive the weight under handles of their own.
        return [.. merged.ToTensors(entry.Name).Select(pair => AsEntry(new(pair.Key, pair.Value.alias().MoveToOuterDisposeScope())))];
    }

    private static CheckpointEntry AsEntry(KeyValuePair<string, Tensor> pair) => new(pair.Key, pair.Value.shape, pair.Value.dtype, () => pair.Value.alias());

    private static CheckpointEntry Entry(string name, VisionLanguageModel model, AdapterSet? adapters, CheckpointWeights stored, ScalarType? type, bool usesCodes)
    {
        // A tied head is a copy of the embedding, if the base checkpoint holds one at all.
        string source = name == model.HeadWeightName && model.TiedHead is { } embedding ? embedding.Name : name;
        if (!model.Weights.TryGetValue(source, out Weight? weight))
        {
            return new CheckpointEntry(name, stored.ShapeOf(name), stored.TypeOf(name), () => stored.Read(name));
        }

        ScalarType written = type ?? (IsStoredAsCodes(stored, source) ? model.ComputeType : stored.TypeOf(source));
        IReadOnlyList<long> shape = weight.Shape;
        Tensor Base() => usesCodes && weight.Quantized is { } quantized ? quantized.Dequantize(ScalarType.Float32) : stored.Read(source);
        if (adapters is null)
        {
            return new CheckpointEntry(name, shape, written, weight.Quantized is null ? () => weight.Own.detach() : Base);
        }
        Tensor? replacement = Unties(model, adapters) ? adapters.Weights.GetValueOrDefault(name) : adapters.Weights.GetValueOrDefault(source);
        if (replacement is not null)
        {
            return new CheckpointEntry(name, shape, written, () => replacement.detach());
        }
        return name.EndsWith(".weight", StringComparison.Ordinal) && adapters.Layers.TryGetValue(name[..^".weight".Length], out LoraAdapter? layer)
            ? new CheckpointEntry(name, shape, written, () => layer.MergedWeight(Base()))
            : new CheckpointEntry(name, shape, written, Base);
    }
}
