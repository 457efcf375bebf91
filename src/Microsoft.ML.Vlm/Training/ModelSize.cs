using Microsoft.ML.Vlm.Checkpoints;

namespace Microsoft.ML.Vlm.Training;

/// <summary>What of a model decides how much memory a step takes: numbers that are held for each token or tile.</summary>
internal sealed record ModelSize
{
    /// <summary>Numbers that a forward pass of the language model keeps for a token.</summary>
    public required long KeptPerToken { get; init; }

    /// <summary>The same with gradient checkpointing: the inputs of the layers, and all of the one that is computed again.</summary>
    public required long CheckpointedPerToken { get; init; }

    /// <summary>Numbers that attention keeps in a layer for a token that an answer behind a shared prompt sees: the key and the value, repeated for each query head.</summary>
    public long LayerSeenPerToken { get; init; }

    /// <summary>Numbers that attention keeps in a layer for a token where it computes in another format than the layer: query, key, value and what it gives.</summary>
    public long LayerAttentionPerToken { get; init; }

    /// <summary>Layers of the language model.</summary>
    public int LayerCount { get; init; }

    /// <summary>Numbers that the way back holds besides while it is in a layer, for a token.</summary>
    public required long LayerPerToken { get; init; }

    /// <summary>Logits of a token.</summary>
    public required long VocabularySize { get; init; }

    /// <summary>Numbers that a frozen vision tower holds at most, for a tile; 0 without a tower.</summary>
    public long VisionPerTile { get; init; }

    /// <summary>Numbers that a vision tower which trains keeps for the way back, for a tile; 0 without a tower.</summary>
    public long VisionKeptPerTile { get; init; }

    /// <summary>Numbers that stand for a tile in the language model.</summary>
    public long FeaturesPerTile { get; init; }

    /// <summary>Sizes of a model by its configuration.</summary>
    /// <param name="config">The configuration.</param>
    /// <param name="rank">Rank of the adapters; 0 without.</param>
    /// <param name="isByHand">Whether layers keep only what their own backward pass needs; false where autograd records them.</param>
    /// <exception cref="NotSupportedException">The family is not known to the plan.</exception>
    public static ModelSize Of(ModelConfig config, int rank, bool isByHand) => config switch
    {
        SmolVlmConfig both => OfLanguage(both.Text, rank, isByHand) with
        {
            VisionPerTile = PatchesOf(both.Vision) * WorkingOf(both.Vision),
            VisionKeptPerTile = PatchesOf(both.Vision) * both.Vision.LayerCount * KeptOf(both.Vision),
            FeaturesPerTile = (long)both.TokensPerTile * both.Text.HiddenSize,
        },
        LlamaConfig text => OfLanguage(text, rank, isByHand),
        _ => throw new NotSupportedException($"How much memory a model of type '{config.ModelType}' takes cannot be planned yet."),
    };

    private static ModelSize OfLanguage(LlamaConfig config, int rank, bool isByHand)
    {
        long hidden = config.HiddenSize, wide = config.IntermediateSize, query = (long)config.HeadCount * config.HeadSize, key = (long)config.KeyValueHeadCount * config.HeadSize;
        // By hand: queries, keys, values, what attention gives, gate and up, two sums. Autograd keeps besides both norms' results, keys and values repeated for each query head,
        // the layouts that attention reads and writes, and each factor of the feed-forward.
        long layer = (7L * rank) + (isByHand ? (2 * query) + (2 * key) + (2 * wide) + (2 * hidden) : (8 * query) + (2 * key) + (4 * wide) + (5 * hidden));
        return new ModelSize
        {
            KeptPerToken = config.LayerCount * layer,
            CheckpointedPerToken = (config.LayerCount * hidden) + layer,
            LayerPerToken = (5 * wide) + (4 * hidden),
            LayerSeenPerToken = 2 * query,
            LayerAttentionPerToken = (2 * query) + (2 * key),
            LayerCount = config.LayerCount,
            VocabularySize = config.VocabularySize,
        };
    }

    private static long PatchesOf(SiglipVisionConfig config) => (long)config.PatchesPerSide * config.PatchesPerSide;

    // The feed-forward is the widest place: both its wide tensors beside the norm's result and two residual streams.
    private static long WorkingOf(SiglipVisionConfig config) => (3L * config.HiddenSize) + (2L * config.IntermediateSize);

    // Two norms' results, queries, keys, values, what attention gives in two layouts, two sums; and both wide tensors.
    private static long KeptOf(SiglipVisionConfig config) => (9L * config.HiddenSize) + (2L * config.IntermediateSize);
}
