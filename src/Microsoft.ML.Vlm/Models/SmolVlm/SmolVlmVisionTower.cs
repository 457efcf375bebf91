using Microsoft.ML.Vlm.Checkpoints;
using Microsoft.ML.Vlm.Models.Blocks;
using static TorchSharp.torch;

namespace Microsoft.ML.Vlm.Models.SmolVlm;

/// <summary>The vision tower: SigLIP's encoder (Zhai et al. 2023) without its pooling head.</summary>
internal sealed class SmolVlmVisionTower
{
    private readonly PatchEmbedding _embeddings;
    private readonly VisionLayer[] _layers;
    private readonly LayerNorm _norm;

    /// <summary>Takes the weights.</summary>
    /// <param name="config">Sizes.</param>
    /// <param name="weights">Where from.</param>
    /// <param name="path">Module path: <c>model.vision_model</c>.</param>
    public SmolVlmVisionTower(SiglipVisionConfig config, WeightSource weights, string path)
    {
        _embeddings = new PatchEmbedding(config, weights, $"{path}.embeddings");
        _layers = [.. Enumerable.Range(0, config.LayerCount).Select(index => new VisionLayer(config, weights, $"{path}.encoder.layers.{index}"))];
        _norm = weights.LayerNorm($"{path}.post_layernorm", config.HiddenSize, config.LayerNormEpsilon);
    }

    /// <summary>Encodes normalized tiles <c>[tiles, 3, height, width]</c> as <c>[tiles, patches, hidden]</c>.</summary>
    public Tensor Forward(Tensor tiles)
    {
        using var scope = NewDisposeScope();
        Tensor hidden = _embeddings.Forward(tiles);
        foreach (VisionLayer layer in _layers)
        {
            Tensor next = layer.Forward(hidden);
            hidden.Dispose();
            hidden = next;
        }
        return _norm.Forward(hidden).MoveToOuterDisposeScope();
    }
}
