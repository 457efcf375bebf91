using Microsoft.ML.Vlm.Torch;
using static TorchSharp.torch;

namespace Microsoft.ML.Vlm.Models.Blocks;

/// <summary>Self-attention among the patches of a tile; every patch sees every other one.</summary>
internal sealed class VisionAttention
{
    private readonly int _heads;
    private readonly Linear _query;
    private readonly Linear _key;
    private readonly Linear _value;
    private readonly Linear _output;

    /// <summary>Takes the weights.</summary>
    /// <param name="weights">Where from.</param>
    /// <param name="path">Module path, such as <c>model.vision_model.encoder.layers.0.self_attn</c>.</param>
    /// <param name="width">Width of the tower; a multiple of <paramref name="heads"/>.</param>
    /// <param name="heads">Number of heads.</param>
    public VisionAttention(WeightSource weights, string path, long width, int heads)
    {
        _heads = heads;
        _query = weights.Linear($"{path}.q_proj", width, width, hasBias: true);
        _key = weights.Linear($"{path}.k_proj", width, width, hasBias: true);
        _value = weights.Linear($"{path}.v_proj", width, width, hasBias: true);
        _output = weights.Linear($"{path}.out_proj", width, width, hasBias: true);
    }

    /// <summary>Attends: <c>[tiles, patches, width]</c> to the same shape.</summary>
    public Tensor Forward(Tensor input)
    {
        using var scope = NewDisposeScope();
        Tensor query = _query.Forward(input), key = _key.Forward(input), value = _value.Forward(input);
        if (KernelChoice.Applies(query, key, value))
        {
            return _output.Forward(PatchAttention.Forward(query, key, value, _heads)).MoveToOuterDisposeScope();
        }
        Tensor Heads(Tensor projected) => projected.view(input.size(0), input.size(1), _heads, -1).transpose(1, 2);
        Tensor attended = Aten.ScaledDotProductAttention(Heads(query), Heads(key), Heads(value));
        return _output.Forward(attended.transpose(1, 2).flatten(2)).MoveToOuterDisposeScope();
    }
}
