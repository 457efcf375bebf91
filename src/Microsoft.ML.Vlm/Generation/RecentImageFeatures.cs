using Microsoft.ML.Vlm.Images;
using Microsoft.ML.Vlm.Models;
using static TorchSharp.torch;

namespace Microsoft.ML.Vlm.Generation;

/// <summary>
/// Keeps the features of the images that were looked at last, so that a further question about one of them, or the score of its answer, needs no vision pass. An image is encoded
/// alone whoever asks, so that kept features are the bits that computing them again would give.
/// </summary>
/// <remarks>One model with one set of adapters: whoever changes either makes another one. Safe to be disposed while another thread computes.</remarks>
/// <param name="capacityBytes">Most bytes that are kept; what was used longest ago goes first. 0 keeps nothing.</param>
internal sealed class RecentImageFeatures(long capacityBytes) : IDisposable
{
    private readonly Lock _gate = new();
    private readonly Dictionary<UInt128, LinkedListNode<Entry>> _entries = [];
    private readonly LinkedList<Entry> _newestFirst = [];
    private bool _isDisposed;

    /// <summary>Bytes that are kept.</summary>
    public long Bytes { get; private set; }

    /// <summary>Images whose features are kept.</summary>
    public int Count => _entries.Count;

    /// <summary>The features of images, as a <see cref="FeatureSource"/> gives them.</summary>
    /// <param name="model">Computes what is not kept.</param>
    /// <param name="images">At least one image, none twice.</param>
    public Tensor Get(VisionLanguageModel model, IReadOnlyList<ImageTiles> images)
    {
        lock (_gate)
        {
            using var scope = NewDisposeScope();
            using var frozen = no_grad();
            Tensor[] parts = [.. images.Select(image => Find(image.ContentHash) ?? Keep(image.ContentHash, VisionFeatures.Encode(model, [image])))];
            return (parts.Length == 1 ? parts[0] : cat(parts, 0)).MoveToOuterDisposeScope();
        }
    }

    /// <summary>Frees the features; from then on nothing is kept.</summary>
    public void Dispose()
    {
        lock (_gate)
        {
            _isDisposed = true;
            Shrink(0);
        }
    }

    private Tensor? Find(UInt128 hash)
    {
        if (!_entries.TryGetValue(hash, out LinkedListNode<Entry>? found))
        {
            return null;
        }
        _newestFirst.Remove(found);
        _newestFirst.AddFirst(found);
        // Another image may push it out before the answer has been computed.
        return found.Value.Features.alias();
    }

    private Tensor Keep(UInt128 hash, Tensor features)
    {
        long bytes = features.numel() * features.ElementSize;
        if (!_isDisposed && bytes <= capacityBytes)
        {
            Shrink(capacityBytes - bytes);
            _entries[hash] = _newestFirst.AddFirst(new Entry(hash, features.alias().DetachFromDisposeScope(), bytes));
            Bytes += bytes;
        }
        return features;
    }

    private void Shrink(long most)
    {
        while (Bytes > most)
        {
            Entry oldest = _newestFirst.Last!.Value;
            _newestFirst.RemoveLast();
            _entries.Remove(oldest.Hash);
            oldest.Features.Dispose();
            Bytes -= oldest.Bytes;
        }
    }

    private sealed record Entry(UInt128 Hash, Tensor Features, long Bytes);
}
