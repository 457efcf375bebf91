using Microsoft.ML.Vlm.Checkpoints;
using Microsoft.ML.Vlm.Models.Blocks;
using static TorchSharp.torch;

namespace Microsoft.ML.Vlm.Models.Llama;

/// <summary>Causal self-attention with rotary positions and fewer key/value heads than query heads (Ainslie et al. 2023).</summary>
internal sealed class LlamaAttention
{
    private readonly int _headSize;
    private readonly Linear _query;
    private readonly Linear _key;
    private readonly Linear _value;
    private readonly Linear _output;

    /// <summary>Takes the weights.</summary>
    /// <param name="config">Sizes.</param>
    /// <param name="weights">Where from.</param>
    /// <param name="path">Module path, such as <c>model.text_model.layers.0.self_attn</c>.</param>
    public LlamaAttention(LlamaConfig config, WeightSource weights, string path)
    {
        _headSize = config.HeadSize;
        long width = (long)config.HeadCount * config.HeadSize, keyWidth = (long)config.KeyValueHeadCount * config.HeadSize;
        _query = weights.Linear($"{path}.q_proj", config.HiddenSize, width, config.AttentionBias);
        _key = weights.Linear($"{path}.k_proj", config.HiddenSize, keyWidth, config.AttentionBias);
        _value = weights.Linear($"{path}.v_proj", config.HiddenSize, keyWidth, config.AttentionBias);
        _output = weights.Linear($"{path}.o_proj", width, config.HiddenSize, config.AttentionBias);
    }

    /// <summary>Its linear layers: query, key, value, output.</summary>
    public IReadOnlyList<Linear> Linears => [_query, _key, _value, _output];

    /// <summary>A view of <c>[tokens, heads * head size]</c> as <c>[tokens, heads, head size]</c>.</summary>
    public Tensor Heads(Tensor projected) => projected.view(projected.size(0), -1, _headSize);

    /// <summary>Attends.</summary>
    /// <param name="layer">Index of the layer, for the cache.</param>
    /// <param name="input"><c>[tokens, hidden]</c>.</param>
    /// <param name="angles">Rotary angles of the tokens.</param>
    /// <param name="attention">Who sees whom.</param>
    /// <returns><c>[tokens, hidden]</c>.</returns>
    public Tensor Forward(int layer, Tensor input, (Tensor Cosine, Tensor Sine) angles, PackedAttention attention)
    {
        using var scope = NewDisposeScope();
        Tensor query = RotaryEmbedding.Apply(Heads(_query.Forward(input)), angles), key = RotaryEmbedding.Apply(Heads(_key.Forward(input)), angles);
        Tensor attended = attention.Forward(layer, query, key, Heads(_value.Forward(input)));
        return _output.Forward(attended).MoveToOuterDisposeScope();
    }
}
