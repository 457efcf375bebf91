using static TorchSharp.torch;

namespace Microsoft.ML.Vlm.Training;

/// <summary>Predicts the memory of a run from sizes: a pure function, held against measured runs in docs/benchmarks.md.</summary>
/// <param name="Model">Sizes of the model.</param>
/// <param name="Type">Type of the activations.</param>
/// <param name="WeightBytes">Bytes of the base model's weights in that type; of the mapped file where they train themselves.</param>
/// <param name="Trained">Numbers that train.</param>
/// <param name="VisionIsFrozen">Whether neither tower nor connector trains.</param>
internal sealed record MemoryEstimate(ModelSize Model, ScalarType Type, long WeightBytes, long Trained, bool VisionIsFrozen)
{
    // Positions that go through the output head at a time, and copies of their logits: the logits, their float32 form, exponentials, products and gradient.
    private const int LogitsRows = 256;
    private const int UsualLogitsCopies = 4;

    /// <summary>Bytes of a number that trains, of its gradient and of each of its moments in AdamW.</summary>
    public int TrainedElementBytes { get; init; } = sizeof(float);

    /// <summary>Copies of a chunk of logits that the loss holds at once, in float32.</summary>
    public int LogitsCopies { get; init; } = UsualLogitsCopies;

    /// <summary>Bytes of what the model is compared with while it trains.</summary>
    public long ReferenceBytes { get; init; }

    /// <summary>Whether attention computes in float32 although the layers do not, as on the CPU.</summary>
    public bool WidensAttention { get; init; }

    // Fitted, not derived: float32 runs peak at least this many working memories of a tile above weights and runtime, whatever the batch (docs/benchmarks.md).
    private const int LeastWideTiles = 8;

    /// <summary>Tiles that a frozen tower encodes at once.</summary>
    public const int TilesAtOnce = 16;

    /// <summary>The plan.</summary>
    /// <param name="rows">All rows.</param>
    /// <param name="settings">Batches, optimizer, caches.</param>
    /// <param name="capacity">Bytes that prepared rows may take.</param>
    /// <param name="runtimeBytes">What the process takes without model and data.</param>
    /// <exception cref="ArgumentOutOfRangeException">There are no rows.</exception>
    public VlmMemoryPlan Plan(IReadOnlyList<RowSize> rows, TrainingSettings settings, long capacity, long runtimeBytes)
    {
        ArgumentOutOfRangeException.ThrowIfZero(rows.Count, nameof(rows));
        RowSize[] longest = [.. rows.OrderByDescending(row => row.Tokens)];
        RowSize[] batch = MicroBatching.Cut(longest, row => row.Tokens, settings with { DropLast = false }).First();
        long tokens = batch.Sum(row => (long)row.Tokens), targets = Math.Min(LogitsRows, batch.Sum(row => (long)row.Targets));
        int element = Type == ScalarType.Float32 ? 4 : 2, mostTiles = rows.Max(row => row.Images.Select(image => image.Tiles).DefaultIfEmpty().Max());
        long features = rows.SelectMany(row => row.Images).DistinctBy(image => image.Hash).Sum(image => image.Tiles) * Model.FeaturesPerTile * element;
        long batchTiles = batch.SelectMany(row => row.Images).DistinctBy(image => image.Hash).Sum(image => (long)image.Tiles);
        long tower = VisionIsFrozen ? 0 : Model.VisionKeptPerTile * batchTiles * element;
        long attention = (Model.LayerSeenPerToken * batch.Sum(row => (long)row.SeenTokens) * (WidensAttention ? sizeof(float) : element)) + (WidensAttention ? Model.LayerAttentionPerToken * tokens * sizeof(float) : 0);
        long kept = (Model.KeptPerToken * tokens * element) + (Model.LayerCount * attention) + tower, checkpointed = (Model.CheckpointedPerToken * tokens * element) + attention + tower;
        return new VlmMemoryPlan
        {
            RowCount = rows.Count,
            LongestRow = longest[0].Row,
            LongestRowTokens = longest[0].Tokens,
            MostTiles = mostTiles,
            LargestBatchTokens = tokens,
            RuntimeBytes = runtimeBytes,
            WeightBytes = WeightBytes,
            ReferenceBytes = ReferenceBytes,
            TrainedBytes = Trained * TrainedElementBytes,
            GradientBytes = Trained * TrainedElementBytes,
            OptimizerBytes = Trained * (settings.Optimizer == OptimizerKind.AdamW8Bit ? 2 : 2 * TrainedElementBytes),
            ActivationBytes = settings.GradientCheckpointing ? checkpointed : kept,
            CheckpointedActivationBytes = checkpointed,
            WorkingBytes = Math.Max(targets * Model.VocabularySize * LogitsCopies * sizeof(float), Model.LayerPerToken * tokens * element),
            VisionBytes = VisionIsFrozen && mostTiles > 0 ? Model.VisionPerTile * element * Math.Max(Type == ScalarType.Float32 ? LeastWideTiles : 1, Math.Min(TilesAtOnce, mostTiles)) : 0,
            FeatureCacheBytes = VisionIsFrozen ? Math.Min(settings.FeatureCacheBytes, features) : 0,
            PreparedRowBytes = Math.Min(capacity, rows.Sum(row => row.Bytes)),
        };
    }
}
