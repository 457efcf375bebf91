using Microsoft.ML.Vlm.Processing;
using static TorchSharp.torch;

namespace Microsoft.ML.Vlm.Models.Blocks;

/// <summary>Puts image features where the tokens say that an image stands.</summary>
internal static class ImagePlaces
{
    /// <summary>Replaces the embeddings at the batch's image positions by their features; gradients flow into both.</summary>
    /// <param name="embeddings"><c>[tokens, hidden]</c>.</param>
    /// <param name="batch">Says which feature goes where.</param>
    /// <param name="features"><c>[features, hidden]</c>, or null without images.</param>
    /// <param name="tokensPerTile">Features of a tile.</param>
    /// <returns><c>[tokens, hidden]</c>.</returns>
    /// <exception cref="ArgumentException">The features are not those of the batch's images.</exception>
    public static Tensor Fill(Tensor embeddings, VlmBatch batch, Tensor? features, int tokensPerTile)
    {
        long expected = batch.Images.Sum(image => (long)image.Count * tokensPerTile), given = features?.size(0) ?? 0;
        if (expected != given)
        {
            throw new ArgumentException($"The batch's {batch.Images.Count} images have {expected} features, but {given} were given.", nameof(features));
        }
        if (features is null || batch.ImagePositions.size(0) == 0)
        {
            return embeddings;
        }

        using var scope = NewDisposeScope();
        Tensor rows = features.index_select(0, batch.FeatureRows).to(embeddings.dtype);
        return embeddings.index_copy(0, batch.ImagePositions, rows).MoveToOuterDisposeScope();
    }
}
