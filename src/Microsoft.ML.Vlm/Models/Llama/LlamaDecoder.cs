using Microsoft.ML.Vlm.Checkpoints;
using Microsoft.ML.Vlm.Models.Blocks;
using Microsoft.ML.Vlm.Models.Decoding;
using Microsoft.ML.Vlm.Processing;
using Microsoft.ML.Vlm.Quantization;
using Microsoft.ML.Vlm.Torch;
using static TorchSharp.torch;

namespace Microsoft.ML.Vlm.Models.Llama;

/// <summary>The decoder of the Llama family (Touvron et al. 2023): token embedding, layers, final norm, output head.</summary>
internal sealed class LlamaDecoder
{
    private readonly LlamaConfig _config;
    private readonly ScalarType _computeType;
    private readonly Embedding _embedding;
    private readonly LlamaLayer[] _layers;
    private readonly RmsNorm _norm;
    private readonly RotaryEmbedding _rotary;
    private readonly Linear? _head;

    /// <summary>Takes the weights.</summary>
    /// <param name="config">Sizes.</param>
    /// <param name="weights">Where from.</param>
    /// <param name="path">Module path, such as <c>model.text_model</c>.</param>
    /// <param name="headPath">Module path of the output head; null when the head is the token embedding.</param>
    /// <param name="computeType">Type of the activations.</param>
    public LlamaDecoder(LlamaConfig config, WeightSource weights, string path, string? headPath, ScalarType computeType)
    {
        _config = config;
        _computeType = computeType;
        _embedding = new Embedding(weights.Matrix($"{path}.embed_tokens.weight", config.VocabularySize, config.HiddenSize));
        _layers = [.. Enumerable.Range(0, config.LayerCount).Select(index => new LlamaLayer(config, weights, $"{path}.layers", index))];
        _norm = weights.RmsNorm($"{path}.norm", config.HiddenSize, config.RmsNormEpsilon);
        _rotary = new RotaryEmbedding(config.HeadSize, config.RopeTheta);
        _head = headPath is null ? null : weights.Linear(headPath, config.HiddenSize, config.VocabularySize, hasBias: false);
    }

    /// <summary>The token embedding when it is the output head too; null when the head has a weight of its own.</summary>
    public Weight? TiedHead => _head is null ? _embedding.Weight : null;

    /// <summary>What stands in for a tied head, <c>[vocabulary, hidden]</c>, or null.</summary>
    public Tensor? UntiedHead { get; set; }

    /// <summary>Embeds tokens.</summary>
    /// <param name="tokens">Ids, int64 <c>[tokens]</c>.</param>
    /// <returns><c>[tokens, hidden]</c>.</returns>
    public Tensor Embed(Tensor tokens) => _embedding.Forward(tokens, _computeType);

    /// <summary>Runs all layers and the final norm.</summary>
    /// <param name="embeddings"><c>[tokens, hidden]</c>.</param>
    /// <param name="positions">Rotary positions, int64 <c>[tokens]</c>.</param>
    /// <param name="segments">Who sees whom.</param>
    /// <param name="cache">Null, or what earlier passes left.</param>
    /// <param name="observe">Null, or called with each layer's input <c>[tokens, hidden]</c>, valid during the call.</param>
    /// <returns>Hidden states, <c>[tokens, hidden]</c>.</returns>
    public Tensor Forward(Tensor embeddings, Tensor positions, IReadOnlyList<Segment> segments, KeyValueCache? cache, Action<Tensor>? observe = null)
    {
        using var scope = NewDisposeScope();
        using PackedAttention attention = new(segments, cache, positions.device);
        (Tensor Cosine, Tensor Sine) angles = _rotary.Angles(positions, _computeType);
        Tensor hidden = embeddings.alias();
        foreach (LlamaLayer layer in _layers)
        {
            observe?.Invoke(hidden);
            Tensor next = layer.Forward(hidden, angles, attention);
            hidden.Dispose();
            hidden = next;
        }

        foreach (Segment segment in cache is null ? [] : segments)
        {
            cache!.Advance(segment.Example, segment.Range.Length);
        }
        return _norm.Forward(hidden).MoveToOuterDisposeScope();
    }

    /// <summary>Runs all layers and the final norm, and keeps what the way back needs.</summary>
    /// <param name="embeddings"><c>[tokens, hidden]</c>, with or without a graph behind them; the pass takes them over.</param>
    /// <param name="positions">Rotary positions, int64 <c>[tokens]</c>.</param>
    /// <param name="segments">Who sees whom.</param>
    /// <param name="checkpointing">Whether layers are computed again instead of kept.</param>
    public TrainingPass BeginTraining(Tensor embeddings, Tensor positions, IReadOnlyList<Segment> segments, bool checkpointing)
    {
        PackedAttention attention = new(segments, cache: null, positions.device);
        (Tensor Cosine, Tensor Sine) angles = _rotary.Angles(positions, _computeType);
        angles.Cosine.DetachFromDisposeScope();
        angles.Sine.DetachFromDisposeScope();
        TrainingLayer[] layers =
        [
            .. _layers.Select(layer => new TrainingLayer(
                hidden => layer.Forward(hidden, angles, attention), layer.Trains, layer.Generators,
                layer.CanRecordByHand(_computeType) ? (hidden, needsInput) => new LlamaLayerRecord(layer, hidden, angles, attention, needsInput) : null)),
            new TrainingLayer(
                _norm.Forward, _norm.Weight.IsTrainable, [],
                _norm.Weight.Value.dtype == _computeType && KernelChoice.GoesByHand(_norm.Weight.Value) ? (hidden, needsInput) => new RmsNormRecord(_norm, hidden, needsInput) : null),
        ];
        return new LayeredPass(embeddings, layers, checkpointing, attention, angles.Cosine, angles.Sine);
    }

    /// <summary>The output head.</summary>
    /// <param name="hidden"><c>[positions, hidden]</c>.</param>
    /// <returns>Logits, <c>[positions, vocabulary]</c>.</returns>
    public Tensor Head(Tensor hidden)
        => _head is not null ? _head.Forward(hidden)
            : UntiedHead is null && _embedding.Weight.Compact is { } compact ? CompactProduct.Of(hidden, compact)
            : LinearProduct.Apply(hidden, UntiedHead is null ? _embedding.Weight.As(hidden.dtype) : UntiedHead.to(hidden.dtype), null);

    /// <summary>Opens the decoder for reading single tokens behind what a cache holds.</summary>
    /// <param name="cache">Of the decoder's shape; it stays the caller's.</param>
    /// <returns>Null where libtorch's operations have to do it.</returns>
    public TokenDecoder? OpenTokens(KeyValueCache cache)
        => KernelChoice.IsOff ? null : LlamaTokenDecoder.Open(_config, _computeType, _embedding.Weight, _layers, _norm, OpenHead, cache);

    /// <summary>A key/value cache of the decoder's shape.</summary>
    /// <param name="examples">Rows.</param>
    /// <param name="capacity">Most tokens a row can hold.</param>
    public KeyValueCache CreateCache(int examples, int capacity)
        => new(_config.LayerCount, examples, capacity, _config.KeyValueHeadCount, _config.HeadSize, _computeType, _embedding.Weight.Device);

    private DecodingLinear? OpenHead(int mostRows, DecodingMemory memory)
        => _head is not null ? DecodingLinear.Open(_head, "head", mostRows, memory) : DecodingLinear.Open(UntiedHead ?? _embedding.Weight.Value, "head", mostRows, memory);
}
