using Microsoft.ML.Vlm.Images;
using Microsoft.ML.Vlm.Torch;
using static TorchSharp.torch;

namespace Microsoft.ML.Vlm.Models;

/// <summary>Turns tiles into the features that stand for them in the token sequence.</summary>
internal static class VisionFeatures
{
    // Bounds what the tower holds at once; larger chunks are not faster.
    private const int TilesAtOnce = 16;

    /// <summary>Normalizes tiles and runs tower and connector; in chunks, and without recording gradients, when the vision part is frozen.</summary>
    /// <param name="model">The model.</param>
    /// <param name="images">At least one image.</param>
    /// <returns><c>[features, hidden]</c>: all features of the first image, then those of the second, and so on.</returns>
    public static Tensor Encode(VisionLanguageModel model, IReadOnlyList<ImageTiles> images)
    {
        ArgumentOutOfRangeException.ThrowIfZero(images.Count);
        using var scope = NewDisposeScope();
        if (!model.VisionIsFrozen && is_grad_enabled())
        {
            Tensor all = cat([.. images.Select(image => Normalize(image.Load(), 0, image.Count).to(model.Device))], 0);
            return model.EncodeImages(all).MoveToOuterDisposeScope();
        }

        using var frozen = no_grad();
        List<Tensor> chunks = [];
        foreach (ImageTiles image in images.Select(image => image.Load()))
        {
            for (int first = 0; first < image.Count; first += TilesAtOnce)
            {
                using Tensor onCpu = Normalize(image, first, Math.Min(TilesAtOnce, image.Count - first)), tiles = onCpu.to(model.Device);
                chunks.Add(model.EncodeImages(tiles));
            }
        }
        return (chunks.Count == 1 ? chunks[0] : cat(chunks, 0)).MoveToOuterDisposeScope();
    }

    /// <summary>What the tower reads: <c>(sample - mean) / deviation</c> for each channel, float32 <c>[count, 3, height, width]</c>.</summary>
    internal static Tensor Normalize(ImageTiles image, int first, int count)
    {
        int plane = image.Height * image.Width, size = 3 * plane;
        Tensor normalized = empty(count, 3, image.Height, image.Width, dtype: ScalarType.Float32);
        image.Normalization.Apply(image.Samples.AsSpan(first * size, count * size), plane, Aten.Elements<float>(normalized));
        return normalized;
    }
}
