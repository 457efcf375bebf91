using Microsoft.ML.Vlm.Checkpoints;
using Microsoft.ML.Vlm.Models.Blocks;
using Microsoft.ML.Vlm.Torch;
using static TorchSharp.torch;

namespace Microsoft.ML.Vlm.Models.Llama;

/// <summary>One layer of the decoder: attention and feed-forward, each behind a norm and added to its input.</summary>
internal sealed class LlamaLayer
{

    /// <summary>Takes the weights.</summary>
    /// <param name="config">Sizes.</param>
    /// <param name="weights">Where from.</param>
    /// <param name="path">Module path of the layers, such as <c>model.text_model.layers</c>.</param>
    /// <param name="index">Which of them.</param>
    public LlamaLayer(LlamaConfig config, WeightSource weights, string path, int index)
    {
        Index = index;
        string layer = $"{path}.{index}";
        AttentionNorm = weights.RmsNorm($"{layer}.input_layernorm", config.HiddenSize, config.RmsNormEpsilon);
        Attention = new LlamaAttention(config, weights, $"{layer}.self_attn");
        MlpNorm = weights.RmsNorm($"{layer}.post_attention_layernorm", config.HiddenSize, config.RmsNormEpsilon);
        Mlp = new GatedMlp(
            weights.Linear($"{layer}.mlp.gate_proj", config.HiddenSize, config.IntermediateSize, config.MlpBias),
            weights.Linear($"{layer}.mlp.up_proj", config.HiddenSize, config.IntermediateSize, config.MlpBias),
            weights.Linear($"{layer}.mlp.down_proj", config.IntermediateSize, config.HiddenSize, config.MlpBias));
    }

    /// <summary>Which layer of the decoder.</summary>
    public int Index { get; }

    /// <summary>In front of <see cref="Attention"/>.</summary>
    public RmsNorm AttentionNorm { get; }

    /// <summary>First half.</summary>
    public LlamaAttention Attention { get; }

    /// <summary>In front of <see cref="Mlp"/>.</summary>
    public RmsNorm MlpNorm { get; }

    /// <summary>Second half.</summary>
    public GatedMlp Mlp { get; }

    /// <summary>Whether any weight or adapter may train.</summary>
    public bool Trains => Linears.Any(linear => linear.Trains) || AttentionNorm.Weight.IsTrainable || MlpNorm.Weight.IsTrainable;

    /// <summary>Whether the layer can go forward and back by <see cref="LlamaLayerRecord"/>: all weights frozen, adapters plain low-rank updates.</summary>
    /// <param name="type">Type of the activations.</param>
    public bool CanRecordByHand(ScalarType type)
        => Linears.All(linear => LinearRecord.IsPossible(linear, type)) && AttentionNorm.Weight.Value.dtype == type && KernelChoice.GoesByHand(AttentionNorm.Weight.Value, MlpNorm.Weight.Value);

    /// <summary>Where the dropout of its adapters draws from.</summary>
    public IReadOnlyList<Generator> Generators => [.. Linears.Select(linear => linear.Adapter?.Random).OfType<Generator>().Distinct()];

    private IEnumerable<Linear> Linears => Attention.Linears.Concat(Mlp.Linears);

    /// <summary>Runs the layer.</summary>
    /// <param name="hidden"><c>[tokens, hidden]</c>.</param>
    /// <param name="angles">Rotary angles of the tokens.</param>
    /// <param name="attention">Who sees whom.</param>
    /// <returns><c>[tokens, hidden]</c>.</returns>
    public Tensor Forward(Tensor hidden, (Tensor Cosine, Tensor Sine) angles, PackedAttention attention)
    {
        using var scope = NewDisposeScope();
        Tensor attended = hidden + Attention.Forward(Index, AttentionNorm.Forward(hidden), angles, attention);
        return (attended + Mlp.Forward(MlpNorm.Forward(attended))).MoveToOuterDisposeScope();
    }
}
