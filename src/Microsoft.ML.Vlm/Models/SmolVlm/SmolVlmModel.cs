using Microsoft.ML.Vlm.Checkpoints;
using Microsoft.ML.Vlm.Models.Blocks;
using Microsoft.ML.Vlm.Models.Decoding;
using Microsoft.ML.Vlm.Models.Llama;
using Microsoft.ML.Vlm.Processing;
using static TorchSharp.torch;

namespace Microsoft.ML.Vlm.Models.SmolVlm;

/// <summary>SmolVLM and Idefics3 (Marafioti et al. 2025; Laurençon et al. 2024): a SigLIP tower, a pixel-shuffle connector and a Llama decoder.</summary>
internal sealed class SmolVlmModel : VisionLanguageModel
{
    private const string VisionPath = "model.vision_model";
    private const string ConnectorPath = "model.connector";

    private readonly SmolVlmVisionTower _vision;
    private readonly PixelShuffleConnector _connector;
    private readonly LlamaDecoder _text;
    private readonly WeightSource _weights;

    /// <summary>Takes the weights.</summary>
    /// <param name="config">Sizes.</param>
    /// <param name="weights">Where from; the model owns it afterwards.</param>
    /// <param name="computeType">float32 or bfloat16.</param>
    public SmolVlmModel(SmolVlmConfig config, WeightSource weights, ScalarType computeType)
    {
        _weights = weights;
        ComputeType = computeType;
        TokensPerTile = config.TokensPerTile;
        VocabularySize = config.Text.VocabularySize;
        _vision = new SmolVlmVisionTower(config.Vision, weights, VisionPath);
        Linear projection = weights.Linear(
            $"{ConnectorPath}.modality_projection.proj", (long)config.Vision.HiddenSize * config.ScaleFactor * config.ScaleFactor, config.Text.HiddenSize, hasBias: false);
        _connector = new PixelShuffleConnector(projection, config.ScaleFactor);
        _text = new LlamaDecoder(config.Text, weights, "model.text_model", config.TieWordEmbeddings ? null : HeadPath, computeType);
        weights.Complete();
    }

    /// <inheritdoc/>
    public override ScalarType ComputeType { get; }

    /// <inheritdoc/>
    public override int TokensPerTile { get; }

    /// <inheritdoc/>
    public override int VocabularySize { get; }

    /// <inheritdoc/>
    public override IReadOnlyDictionary<string, Weight> Weights => _weights.Weights;

    /// <inheritdoc/>
    public override IReadOnlyDictionary<string, Linear> Linears => _weights.Linears;

    /// <inheritdoc/>
    public override string HeadPath => WeightSource.HeadName;

    /// <inheritdoc/>
    public override Weight? TiedHead => _text.TiedHead;

    /// <inheritdoc/>
    public override Tensor? UntiedHead
    {
        get => _text.UntiedHead;
        set => _text.UntiedHead = value;
    }

    /// <inheritdoc/>
    public override ModelRole RoleOf(string path) => RoleOfPath(path);

    /// <summary>The part of the model that a weight or module belongs to.</summary>
    public static ModelRole RoleOfPath(string path)
        => path.StartsWith($"{VisionPath}.", StringComparison.Ordinal) ? ModelRole.Vision
            : path.StartsWith($"{ConnectorPath}.", StringComparison.Ordinal) ? ModelRole.Connector
            : ModelRole.Language;

    /// <summary>Runs the tower alone: normalized tiles <c>[tiles, 3, height, width]</c> to <c>[tiles, patches, hidden]</c>.</summary>
    public Tensor EncodePatches(Tensor tiles)
    {
        using var scope = NewDisposeScope();
        return _vision.Forward(tiles.to(ComputeType)).MoveToOuterDisposeScope();
    }

    /// <inheritdoc/>
    public override Tensor EncodeImages(Tensor tiles)
    {
        using var scope = NewDisposeScope();
        return _connector.Forward(EncodePatches(tiles)).flatten(0, 1).MoveToOuterDisposeScope();
    }

    /// <inheritdoc/>
    public override Tensor Forward(VlmBatch batch, Tensor? imageFeatures, KeyValueCache? cache = null) => Forward(batch, imageFeatures, cache, observe: null);

    /// <summary>As <see cref="Forward(VlmBatch, Tensor?, KeyValueCache?)"/>, and shows each layer's input <c>[tokens, hidden]</c> to <paramref name="observe"/>.</summary>
    internal Tensor Forward(VlmBatch batch, Tensor? imageFeatures, KeyValueCache? cache, Action<Tensor>? observe)
    {
        using var scope = NewDisposeScope();
        return _text.Forward(Embed(batch, imageFeatures, noise: null), batch.Positions, batch.Segments, cache, observe).MoveToOuterDisposeScope();
    }

    /// <inheritdoc/>
    public override TrainingPass BeginTraining(VlmBatch batch, Tensor? imageFeatures)
        => _text.BeginTraining(Embed(batch, imageFeatures, EmbeddingNoise), batch.Positions, batch.Segments, GradientCheckpointing);

    /// <inheritdoc/>
    public override Tensor Head(Tensor hidden) => _text.Head(hidden);

    /// <inheritdoc/>
    public override TokenDecoder? OpenTokens(KeyValueCache cache) => _text.OpenTokens(cache);

    /// <inheritdoc/>
    public override KeyValueCache CreateCache(int examples, int capacity) => _text.CreateCache(examples, capacity);

    // Image features replace embeddings, noise and all.
    private Tensor Embed(VlmBatch batch, Tensor? imageFeatures, EmbeddingNoise? noise)
    {
        using var scope = NewDisposeScope();
        Tensor embeddings = _text.Embed(batch.Tokens);
        return ImagePlaces.Fill(noise?.Add(embeddings, batch) ?? embeddings, batch, imageFeatures, TokensPerTile).MoveToOuterDisposeScope();
    }

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
