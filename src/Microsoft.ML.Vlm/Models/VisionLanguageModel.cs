using Microsoft.ML.Vlm.Models.Blocks;
using Microsoft.ML.Vlm.Models.Decoding;
using Microsoft.ML.Vlm.Processing;
using static TorchSharp.torch;

namespace Microsoft.ML.Vlm.Models;

/// <summary>A vision tower, a connector and a language model. Families derive from it; see docs/architecture.md for how to add one.</summary>
/// <remarks>
/// Weights are frozen until <see cref="Weight.MakeTrainable"/> or an adapter is set. Whether an operation records gradients follows from what trains
/// and from the caller's no-grad scope. The caller owns a dispose scope around each call; results belong to it.
/// </remarks>
internal abstract class VisionLanguageModel : IDisposable
{
    /// <summary>Type of the activations: float32 or bfloat16. Norms, softmax and losses are computed as the reference does.</summary>
    public abstract ScalarType ComputeType { get; }

    /// <summary>Where the weights lie and the model computes; the CPU for a model without weights.</summary>
    public Device Device => Weights.Values.FirstOrDefault()?.Device ?? CPU;

    /// <summary>Features of one tile; the number of image tokens that stand for it.</summary>
    public abstract int TokensPerTile { get; }

    /// <summary>Rows of the output head.</summary>
    public abstract int VocabularySize { get; }

    /// <summary>All weights by their names in the checkpoint. A tied head appears once, as the token embedding.</summary>
    public abstract IReadOnlyDictionary<string, Weight> Weights { get; }

    /// <summary>All linear layers by module path, the head included when it is not tied.</summary>
    public abstract IReadOnlyDictionary<string, Linear> Linears { get; }

    /// <summary>Module path of the output head (never a default adapter target).</summary>
    public abstract string HeadPath { get; }

    /// <summary>Name of the output head's weight, whether or not it has one of its own.</summary>
    public string HeadWeightName => $"{HeadPath}.weight";

    /// <summary>The token embedding when it is the output head too (tied embeddings); null when the head has a weight of its own.</summary>
    public virtual Weight? TiedHead => null;

    /// <summary>
    /// What an adapter puts in the place of a tied head, float32 <c>[vocabulary, hidden]</c>; null, the default, keeps them tied. It stays the adapter's.
    /// </summary>
    /// <exception cref="NotSupportedException">The head is not tied: it is a layer, whose weight can be replaced.</exception>
    public virtual Tensor? UntiedHead
    {
        get => null;
        set => throw new NotSupportedException("This model's output head has a weight of its own.");
    }

    /// <summary>The part of the model a weight or module belongs to.</summary>
    public abstract ModelRole RoleOf(string path);

    /// <summary>True when neither the tower nor the connector trains or is adapted: features then need no gradient and may be cached.</summary>
    public bool VisionIsFrozen
        => !Weights.Values.Any(weight => weight.IsTrainable && RoleOf(weight.Name) != ModelRole.Language)
            && !Linears.Values.Any(linear => linear.Adapter is not null && RoleOf(linear.Path) != ModelRole.Language);

    /// <summary>
    /// Whether training passes keep only the input of each layer and compute the layer again on the way back: less memory for a second forward pass.
    /// Default false.
    /// </summary>
    public bool GradientCheckpointing { get; set; }

    /// <summary>Noise on the token embeddings of training passes; <see cref="Forward"/> never adds it. Null, the default, for none.</summary>
    public EmbeddingNoise? EmbeddingNoise { get; set; }

    /// <summary>Runs tower and connector.</summary>
    /// <param name="tiles">Normalized samples, float32 <c>[tiles, 3, height, width]</c>.</param>
    /// <returns><c>[tiles * TokensPerTile, hidden]</c>.</returns>
    public abstract Tensor EncodeImages(Tensor tiles);

    /// <summary>Runs the language model over a packed batch.</summary>
    /// <param name="batch">Tokens and segments.</param>
    /// <param name="imageFeatures">Features of <see cref="VlmBatch.Images"/> one behind the other, <c>[features, hidden]</c>; null without images.</param>
    /// <param name="cache">
    /// Null, or what earlier calls left: each segment also sees its example's cached tokens, and is appended to them. Then every example has one segment,
    /// without a prefix, and no gradients are recorded.
    /// </param>
    /// <returns>Hidden states behind the final norm, <c>[tokens, hidden]</c>.</returns>
    /// <exception cref="ArgumentException">The features are not those of the batch's images, or segments cannot be cached.</exception>
    /// <exception cref="InvalidOperationException">The cache is full.</exception>
    public abstract Tensor Forward(VlmBatch batch, Tensor? imageFeatures, KeyValueCache? cache = null);

    /// <summary>Runs the language model over a packed batch and keeps what the way back needs.</summary>
    /// <param name="batch">Tokens and segments.</param>
    /// <param name="imageFeatures">As for <see cref="Forward"/>; if they have a graph behind them, gradients flow into it. They stay the caller's.</param>
    /// <returns>The pass; the caller frees it.</returns>
    /// <exception cref="ArgumentException">The features are not those of the batch's images.</exception>
    /// <exception cref="NotSupportedException">The model takes no <see cref="EmbeddingNoise"/>.</exception>
    public virtual TrainingPass BeginTraining(VlmBatch batch, Tensor? imageFeatures)
        => EmbeddingNoise is null ? new RecordedPass(Forward(batch, imageFeatures)) : throw new NotSupportedException($"{GetType().Name} takes no noise on its embeddings.");

    /// <summary>The output head on chosen hidden states.</summary>
    /// <param name="hidden"><c>[positions, hidden]</c>.</param>
    /// <returns>Logits, <c>[positions, vocabulary]</c>, in the compute type.</returns>
    public abstract Tensor Head(Tensor hidden);

    /// <summary>Opens the language model for reading single tokens behind what a cache holds. Weights and adapters are taken as they are now, and have to outlive it.</summary>
    /// <param name="cache">From <see cref="CreateCache"/>; it stays the caller's.</param>
    /// <returns>Null, the default, where <see cref="Forward"/> has to do it.</returns>
    public virtual TokenDecoder? OpenTokens(KeyValueCache cache) => null;

    /// <summary>A key/value cache of the model's shape.</summary>
    /// <param name="examples">Rows.</param>
    /// <param name="capacity">Most tokens a row can hold.</param>
    public abstract KeyValueCache CreateCache(int examples, int capacity);

    /// <summary>Frees all weights.</summary>
    public void Dispose()
    {
        Dispose(disposing: true);
        GC.SuppressFinalize(this);
    }

    /// <summary>Frees all weights.</summary>
    protected virtual void Dispose(bool disposing)
    {
        if (disposing)
        {
            foreach (Weight weight in Weights.Values)
            {
                weight.Dispose();
            }
        }
    }
}
