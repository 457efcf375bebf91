using Microsoft.ML.Vlm.Checkpoints;
using Microsoft.ML.Vlm.Torch;
using static TorchSharp.torch;

namespace Microsoft.ML.Vlm.Models.Blocks;

/// <summary>One layer of a vision transformer (Dosovitskiy et al. 2021): attention and a two-layer perceptron, each behind a norm and added to its input.</summary>
internal sealed class VisionLayer
{
    private readonly LayerNorm _attentionNorm;
    private readonly VisionAttention _attention;
    private readonly LayerNorm _mlpNorm;
    private readonly Linear _widen;
    private readonly Linear _narrow;

    /// <summary>Takes the weights.</summary>
    /// <param name="config">Sizes.</param>
    /// <param name="weights">Where from.</param>
    /// <param name="path">Module path, such as <c>model.vision_model.encoder.layers.0</c>.</param>
    public VisionLayer(SiglipVisionConfig config, WeightSource weights, string path)
    {
        _attentionNorm = weights.LayerNorm($"{path}.layer_norm1", config.HiddenSize, config.LayerNormEpsilon);
        _attention = new VisionAttention(weights, $"{path}.self_attn", config.HiddenSize, config.HeadCount);
        _mlpNorm = weights.LayerNorm($"{path}.layer_norm2", config.HiddenSize, config.LayerNormEpsilon);
        _widen = weights.Linear($"{path}.mlp.fc1", config.HiddenSize, config.IntermediateSize, hasBias: true);
        _narrow = weights.Linear($"{path}.mlp.fc2", config.IntermediateSize, config.HiddenSize, hasBias: true);
    }

    /// <summary>Runs the layer: <c>[tiles, patches, width]</c> to the same shape.</summary>
    public Tensor Forward(Tensor hidden)
    {
        using var scope = NewDisposeScope();
        Tensor attended = hidden + _attention.Forward(_attentionNorm.Forward(hidden));
        return (attended + _narrow.Forward(Gelu(_widen.Forward(_mlpNorm.Forward(attended))))).MoveToOuterDisposeScope();
    }

    private static Tensor Gelu(Tensor wide)
    {
        if (!KernelChoice.Applies(wide))
        {
            return nn.functional.gelu(wide, approximate: TorchSharp.Modules.GELU.Approximate.tanh);
        }
        VectorKernels.GeluInPlace(wide);
        return wide;
    }
}
