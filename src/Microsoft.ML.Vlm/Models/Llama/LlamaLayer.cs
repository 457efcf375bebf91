using Microsoft.ML.Vlm.Checkpoints;
using Microsoft.ML.Vlm.Models.Blocks;
using static TorchSharp.torch;

namespace Microsoft.ML.Vlm.Models.Llama;

/// <summary>One layer of the decoder: attention and feed-forward, each behind a norm and added to its input.</summary>
internal sealed class LlamaLayer
{
    private readonly int _index;
    private readonly RmsNorm _attentionNorm;
    private readonly LlamaAttention _attention;
    private readonly RmsNorm _mlpNorm;
    private readonly GatedMlp _mlp;

    /// <summary>Takes the weights.</summary>
    /// <param name="config">Sizes.</param>
    /// <param name="weights">Where from.</param>
    /// <param name="path">Module path of the layers, such as <c>model.text_model.layers</c>.</param>
    /// <param name="index">Which of them.</param>
    public LlamaLayer(LlamaConfig config, WeightSource weights, string path, int index)
    {
        _index = index;
        string layer = $"{path}.{index}";
        _attentionNorm = weights.RmsNorm($"{layer}.input_layernorm", config.HiddenSize, config.RmsNormEpsilon);
        _attention = new LlamaAttention(config, weights, $"{layer}.self_attn");
        _mlpNorm = weights.RmsNorm($"{layer}.post_attention_layernorm", config.HiddenSize, config.RmsNormEpsilon);
        _mlp = new GatedMlp(
            weights.Linear($"{layer}.mlp.gate_proj", config.HiddenSize, config.IntermediateSize, config.MlpBias),
            weights.Linear($"{layer}.mlp.up_proj", config.HiddenSize, config.IntermediateSize, config.MlpBias),
            weights.Linear($"{layer}.mlp.down_proj", config.IntermediateSize, config.HiddenSize, config.MlpBias));
    }

    /// <summary>Whether any weight or adapter may train.</summary>
    public bool Trains => Linears.Any(linear => linear.Trains) || _attentionNorm.Weight.IsTrainable || _mlpNorm.Weight.IsTrainable;

    /// <summary>Where the dropout of its adapters draws from.</summary>
    public IReadOnlyList<Generator> Generators => [.. Linears.Select(linear => linear.Adapter?.Random).OfType<Generator>().Distinct()];

    private IEnumerable<Linear> Linears => _attention.Linears.Concat(_mlp.Linears);

    /// <summary>Runs the layer.</summary>
    /// <param name="hidden"><c>[tokens, hidden]</c>.</param>
    /// <param name="angles">Rotary angles of the tokens.</param>
    /// <param name="attention">Who sees whom.</param>
    /// <returns><c>[tokens, hidden]</c>.</returns>
    public Tensor Forward(Tensor hidden, (Tensor Cosine, Tensor Sine) angles, PackedAttention attention)
    {
        using var scope = NewDisposeScope();
        Tensor attended = hidden + _attention.Forward(_index, _attentionNorm.Forward(hidden), angles, attention);
        return (attended + _mlp.Forward(_mlpNorm.Forward(attended))).MoveToOuterDisposeScope();
    }
}
