using System.Collections.Concurrent;
using Microsoft.ML.Vlm.Images;
using Microsoft.ML.Vlm.Models;
using static TorchSharp.torch;

namespace Microsoft.ML.Vlm.Training;

/// <summary>Keeps the features of a frozen vision part across batches, by the content of the images: in memory first, then in files.</summary>
/// <remarks>
/// What came first stays: training reads every image once an epoch in an order of its own, and there dropping the oldest would drop just what comes next.
/// </remarks>
/// <param name="model">The model.</param>
/// <param name="capacityBytes">Most bytes of features that are kept in memory.</param>
/// <param name="files">Where those go that do not fit the memory; null for nowhere.</param>
internal sealed class VisionFeatureCache(VisionLanguageModel model, long capacityBytes, FeatureFiles? files = null) : IDisposable
{
    private readonly ConcurrentDictionary<UInt128, Tensor> _features = [];

    /// <summary>Bytes of the features that are kept in memory.</summary>
    public long Bytes { get; private set; }

    /// <summary>Images whose features are kept in memory.</summary>
    public int Count => _features.Count;

    /// <summary>A cache as the settings ask for; where the vision part trains or is adapted, one that keeps nothing and touches no file.</summary>
    public static VisionFeatureCache Open(VisionLanguageModel model, TrainingSettings settings)
        => new(
            model, settings.FeatureCacheBytes,
            settings is { FeatureCacheDirectory: { } directory, FeatureCacheDiskBytes: > 0 } && model.VisionIsFrozen ? FeatureFiles.Open(directory, model, settings.FeatureCacheDiskBytes) : null);

    /// <summary>Whether the features of an image are kept. Safe to be called from any thread; what is kept stays.</summary>
    /// <param name="hash">Its <see cref="ImageTiles.ContentHash"/>.</param>
    public bool Contains(UInt128 hash) => _features.ContainsKey(hash) || files?.Contains(hash) == true;

    /// <summary>The features of images, from the cache or computed; where the vision part trains always computed, with gradients.</summary>
    /// <param name="images">At least one image, none twice. Those that are kept need no pixels.</param>
    /// <returns><c>[features, hidden]</c>: all features of the first image, then those of the second, and so on. The caller's to free.</returns>
    public Tensor Get(IReadOnlyList<ImageTiles> images)
    {
        if (!model.VisionIsFrozen || (capacityBytes == 0 && files is null))
        {
            return VisionFeatures.Encode(model, images);
        }

        using var scope = NewDisposeScope();
        Dictionary<UInt128, Tensor> found = images.ToDictionary(image => image.ContentHash, image => Find(image)!);
        ImageTiles[] missing = [.. images.Where(image => found[image.ContentHash] is null)];
        if (missing.Length > 0)
        {
            Tensor all = VisionFeatures.Encode(model, missing);
            long start = 0;
            foreach (ImageTiles image in missing)
            {
                Tensor features = all.narrow(0, start, RowsOf(image));
                found[image.ContentHash] = features;
                if (!Keep(image.ContentHash, features))
                {
                    files?.Write(image.ContentHash, features);
                }
                start += RowsOf(image);
            }
        }
        return cat([.. images.Select(image => found[image.ContentHash])], 0).MoveToOuterDisposeScope();
    }

    /// <summary>Frees the features in memory.</summary>
    public void Dispose()
    {
        foreach (Tensor features in _features.Values)
        {
            features.Dispose();
        }
        _features.Clear();
    }

    private long RowsOf(ImageTiles image) => (long)image.Count * model.TokensPerTile;

    private Tensor? Find(ImageTiles image)
    {
        if (_features.TryGetValue(image.ContentHash, out Tensor? kept))
        {
            return kept;
        }
        Tensor? read = files?.Read(image.ContentHash, RowsOf(image), model.ComputeType)?.to(model.Device);
        if (read is not null)
        {
            Keep(image.ContentHash, read);
        }
        return read;
    }

    private bool Keep(UInt128 hash, Tensor features)
    {
        long bytes = features.numel() * features.ElementSize;
        if (Bytes + bytes > capacityBytes)
        {
            return false;
        }
        _features[hash] = features.clone().DetachFromDisposeScope();
        Bytes += bytes;
        return true;
    }
}
