using Microsoft.ML.Vlm.Images;
using Microsoft.ML.Vlm.Models;
using static TorchSharp.torch;

namespace Microsoft.ML.Vlm.Training;

/// <summary>Keeps the features of a frozen vision part across batches, by the content of the images.</summary>
/// <remarks>
/// What came first stays: training reads every image once an epoch in an order of its own, and there dropping the oldest would drop just what comes next.
/// </remarks>
/// <param name="model">The model.</param>
/// <param name="capacityBytes">Most bytes of features that are kept.</param>
internal sealed class VisionFeatureCache(VisionLanguageModel model, long capacityBytes) : IDisposable
{
    private readonly Dictionary<UInt128, Tensor> _features = [];

    /// <summary>Bytes of the features that are kept.</summary>
    public long Bytes { get; private set; }

    /// <summary>Images whose features are kept.</summary>
    public int Count => _features.Count;

    /// <summary>The features of images, from the cache or computed; where the vision part trains always computed, with gradients.</summary>
    /// <param name="images">At least one image, none twice.</param>
    /// <returns><c>[features, hidden]</c>: all features of the first image, then those of the second, and so on. The caller's to free.</returns>
    public Tensor Get(IReadOnlyList<ImageTiles> images)
    {
        if (!model.VisionIsFrozen || capacityBytes == 0)
        {
            return VisionFeatures.Encode(model, images);
        }

        using var scope = NewDisposeScope();
        ImageTiles[] missing = [.. images.Where(image => !_features.ContainsKey(image.ContentHash))];
        Dictionary<UInt128, Tensor> computed = [];
        if (missing.Length > 0)
        {
            Tensor all = VisionFeatures.Encode(model, missing);
            long start = 0;
            foreach (ImageTiles image in missing)
            {
                long length = (long)image.Count * model.TokensPerTile;
                Tensor features = all.narrow(0, start, length);
                computed.Add(image.ContentHash, features);
                Keep(image.ContentHash, features);
                start += length;
            }
        }
        return cat([.. images.Select(image => _features.GetValueOrDefault(image.ContentHash) ?? computed[image.ContentHash])], 0).MoveToOuterDisposeScope();
    }

    /// <summary>Frees the features.</summary>
    public void Dispose()
    {
        foreach (Tensor features in _features.Values)
        {
            features.Dispose();
        }
        _features.Clear();
    }

    private void Keep(UInt128 hash, Tensor features)
    {
        long bytes = features.numel() * features.ElementSize;
        if (Bytes + bytes <= capacityBytes)
        {
            _features.Add(hash, features.clone().DetachFromDisposeScope());
            Bytes += bytes;
        }
    }
}
