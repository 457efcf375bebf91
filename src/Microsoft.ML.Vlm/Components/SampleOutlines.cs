using System.Collections.Concurrent;
using Microsoft.ML.Vlm.Processing;

namespace Microsoft.ML.Vlm.Components;

/// <summary>Rows without their pixels: what the next epochs need of them once the features of their images are kept elsewhere.</summary>
/// <param name="capacity">Most bytes that they take; what comes first stays.</param>
internal sealed class SampleOutlines(long capacity)
{
    private const int BytesOfRow = 256;

    private readonly ConcurrentDictionary<int, VlmSample> _rows = [];
    private long _bytes;

    /// <summary>The row without pixels.</summary>
    /// <param name="sample">The row.</param>
    /// <param name="again">Reads it again, with pixels.</param>
    public static VlmSample Of(VlmSample sample, Func<VlmSample> again)
        => sample.Images.Count == 0 ? sample : sample with { Images = [.. sample.Images.Select((image, index) => image.WithoutSamples(() => again().Images[index]))] };

    /// <summary>Whether the row needs no pixels.</summary>
    /// <param name="sample">The row.</param>
    /// <param name="hasFeatures">Tells by an image's content hash whether its features are kept.</param>
    public static bool IsKnown(VlmSample sample, Func<UInt128, bool> hasFeatures) => sample.Images.All(image => hasFeatures(image.ContentHash));

    /// <summary>Keeps a row if there is room. Safe to be called from several threads.</summary>
    /// <param name="row">Its number.</param>
    /// <param name="outline">Without pixels.</param>
    public void Add(int row, VlmSample outline)
    {
        long bytes = (outline.Tokens.Length * (sizeof(int) + sizeof(bool))) + BytesOfRow;
        if (!_rows.ContainsKey(row) && Interlocked.Add(ref _bytes, bytes) <= capacity)
        {
            _rows.TryAdd(row, outline);
        }
    }

    /// <summary>The row without pixels; null when it was not kept or one of its images is not known.</summary>
    /// <param name="row">Its number.</param>
    /// <param name="hasFeatures">Tells by an image's content hash whether its features are kept; null when none are.</param>
    public VlmSample? Find(int row, Func<UInt128, bool>? hasFeatures)
        => hasFeatures is not null && _rows.TryGetValue(row, out VlmSample? outline) && IsKnown(outline, hasFeatures) ? outline : null;
}
