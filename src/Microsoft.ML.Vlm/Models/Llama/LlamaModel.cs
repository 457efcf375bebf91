using Microsoft.ML.Vlm.Checkpoints;
using Microsoft.ML.Vlm.Models.Blocks;
using Microsoft.ML.Vlm.Models.Decoding;
using Microsoft.ML.Vlm.Processing;
using static TorchSharp.torch;

namespace Microsoft.ML.Vlm.Models.Llama;

/// <summary>A Llama decoder alone: a model that takes no images.</summary>
internal sealed class LlamaModel : VisionLanguageModel
{
    private readonly LlamaDecoder _decoder;
    private readonly WeightSource _weights;

    /// <summary>Takes the weights.</summary>
    /// <param name="config">Sizes.</param>
    /// <param name="weights">Where from; the model owns it afterwards.</param>
    /// <param name="computeType">float32 or bfloat16.</param>
    public LlamaModel(LlamaConfig config, WeightSource weights, ScalarType computeType)
    {
        _weights = weights;
        ComputeType = computeType;
        VocabularySize = config.VocabularySize;
        _decoder = new LlamaDecoder(config, weights, "model", config.TieWordEmbeddings ? null : HeadPath, computeType);
        weights.Complete();
    }

    /// <inheritdoc/>
    public override ScalarType ComputeType { get; }

    /// <summary>0: there are no tiles.</summary>
    public override int TokensPerTile => 0;

    /// <inheritdoc/>
    public override int VocabularySize { get; }

    /// <inheritdoc/>
    public override IReadOnlyDictionary<string, Weight> Weights => _weights.Weights;

    /// <inheritdoc/>
    public override IReadOnlyDictionary<string, Linear> Linears => _weights.Linears;

    /// <inheritdoc/>
    public override string HeadPath => WeightSource.HeadName;

    /// <inheritdoc/>
    public override Weight? TiedHead => _decoder.TiedHead;

    /// <inheritdoc/>
    public override Tensor? UntiedHead
    {
        get => _decoder.UntiedHead;
        set => _decoder.UntiedHead = value;
    }

    /// <inheritdoc/>
    public override ModelRole RoleOf(string path) => ModelRole.Language;

    /// <inheritdoc/>
    /// <exception cref="NotSupportedException">Always.</exception>
    public override Tensor EncodeImages(Tensor tiles) => throw new NotSupportedException("A Llama model takes no images.");

    /// <inheritdoc/>
    public override Tensor Forward(VlmBatch batch, Tensor? imageFeatures, KeyValueCache? cache = null)
    {
        using var scope = NewDisposeScope();
        return _decoder.Forward(_decoder.Embed(batch.Tokens), batch.Positions, batch.Segments, cache).MoveToOuterDisposeScope();
    }

    /// <inheritdoc/>
    public override TrainingPass BeginTraining(VlmBatch batch, Tensor? imageFeatures)
    {
        using var scope = NewDisposeScope();
        Tensor embeddings = _decoder.Embed(batch.Tokens);
        return _decoder.BeginTraining(EmbeddingNoise?.Add(embeddings, batch) ?? embeddings, batch.Positions, batch.Segments, GradientCheckpointing);
    }

    /// <inheritdoc/>
    public override Tensor Head(Tensor hidden) => _decoder.Head(hidden);

    /// <inheritdoc/>
    public override TokenDecoder? OpenTokens(KeyValueCache cache) => _decoder.OpenTokens(cache);

    /// <inheritdoc/>
    public override KeyValueCache CreateCache(int examples, int capacity) => _decoder.CreateCache(examples, capacity);

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        base.Dispose(disposing);
        if (disposing)
        {
            _weights.Dispose();
        }
    }
}
