using Microsoft.ML.Vlm.Images;
using static TorchSharp.torch;

namespace Microsoft.ML.Vlm.Processing;

/// <summary>Rows packed one behind the other, without padding: one axis of tokens, with segments that say who sees whom.</summary>
internal sealed class VlmBatch : IDisposable
{
    private VlmBatch(
        Tensor tokens, Tensor positions, IReadOnlyList<Segment> segments, IReadOnlyList<ImageTiles> images,
        Tensor imagePositions, Tensor featureRows, Tensor targetPositions, Tensor targets, IReadOnlyList<VlmSample> samples)
    {
        Tokens = tokens;
        Positions = positions;
        Segments = segments;
        Images = images;
        ImagePositions = imagePositions;
        FeatureRows = featureRows;
        TargetPositions = targetPositions;
        Targets = targets;
        Samples = samples;
    }

    /// <summary>Token ids, int64 <c>[tokens]</c>.</summary>
    public Tensor Tokens { get; }

    /// <summary>Rotary positions, int64 <c>[tokens]</c>.</summary>
    public Tensor Positions { get; }

    /// <summary>Who sees whom; the segments cover the tokens in order.</summary>
    public IReadOnlyList<Segment> Segments { get; }

    /// <summary>The distinct images of the batch; rows that share an image share its features.</summary>
    public IReadOnlyList<ImageTiles> Images { get; }

    /// <summary>Tokens that image features replace, int64 <c>[image tokens]</c>.</summary>
    public Tensor ImagePositions { get; }

    /// <summary>For each of these the row in the features of all <see cref="Images"/>, int64 <c>[image tokens]</c>.</summary>
    public Tensor FeatureRows { get; }

    /// <summary>Tokens whose hidden state predicts a target, int64 <c>[targets]</c>.</summary>
    public Tensor TargetPositions { get; }

    /// <summary>The tokens to predict, int64 <c>[targets]</c>, rows one behind the other.</summary>
    public Tensor Targets { get; }

    /// <summary>The rows, in order; empty for a decoding step.</summary>
    public IReadOnlyList<VlmSample> Samples { get; }

    /// <summary>Packs rows.</summary>
    /// <param name="samples">At least one row.</param>
    /// <param name="tokensPerTile">Features a tile has.</param>
    /// <param name="device">Where the tensors go; null for the CPU.</param>
    public static VlmBatch Create(IReadOnlyList<VlmSample> samples, int tokensPerTile, Device? device = null)
    {
        List<Segment> segments = [];
        int start = 0;
        foreach (VlmSample sample in samples)
        {
            segments.Add(new Segment(new TokenRange(start, sample.Tokens.Length), [], segments.Count));
            start += sample.Tokens.Length;
        }
        return Create(samples, tokensPerTile, segments, [.. samples.SelectMany(sample => Enumerable.Range(0, sample.Tokens.Length))], device);
    }

    /// <summary>Packs rows of which some stand behind others, such as answers behind a shared prompt, or behind a key/value cache.</summary>
    /// <param name="samples">At least one row.</param>
    /// <param name="tokensPerTile">Features a tile has.</param>
    /// <param name="segments">One a row, with the row's tokens as its range. The first token of a row with a prefix is predicted by the last token of the prefix.</param>
    /// <param name="rotaryPositions">One a token.</param>
    /// <param name="device">Where the tensors go; null for the CPU.</param>
    /// <exception cref="ArgumentException">Segments or positions do not match the rows.</exception>
    public static VlmBatch Create(
        IReadOnlyList<VlmSample> samples, int tokensPerTile, IReadOnlyList<Segment> segments, IReadOnlyList<int> rotaryPositions, Device? device = null)
    {
        ArgumentOutOfRangeException.ThrowIfZero(samples.Count);
        if (segments.Count != samples.Count || rotaryPositions.Count != samples.Sum(sample => sample.Tokens.Length))
        {
            throw new ArgumentException($"{samples.Count} rows need as many segments and a position for each token; there are {segments.Count} segments and {rotaryPositions.Count} positions.", nameof(segments));
        }

        List<long> tokens = [], imagePositions = [], featureRows = [], targetPositions = [], targets = [];
        List<ImageTiles> images = [];
        Dictionary<UInt128, long> firstFeature = [];
        long features = 0;
        for (int row = 0; row < samples.Count; row++)
        {
            VlmSample sample = samples[row];
            int start = tokens.Count;
            if (segments[row].Range != new TokenRange(start, sample.Tokens.Length))
            {
                throw new ArgumentException($"Row {row} has the tokens {start} to {start + sample.Tokens.Length - 1}, but segment {row} covers {segments[row].Range}.", nameof(segments));
            }

            int before = segments[row].Prefix is [.., TokenRange last] ? last.Start + last.Length - 1 : -1;
            for (int index = 0; index < sample.Tokens.Length; index++)
            {
                tokens.Add(sample.Tokens[index]);
                int predictor = index > 0 ? start + index - 1 : before;
                if (predictor >= 0 && sample.IsTarget[index])
                {
                    targetPositions.Add(predictor);
                    targets.Add(sample.Tokens[index]);
                }
            }

            foreach (ImageTiles image in sample.Images)
            {
                if (firstFeature.TryAdd(image.ContentHash, features))
                {
                    images.Add(image);
                    features += (long)image.Count * tokensPerTile;
                }
            }

            long[] next = [.. sample.Images.Select(image => firstFeature[image.ContentHash])];
            foreach (ImageSpan span in sample.Spans)
            {
                for (int offset = 0; offset < span.Length; offset++)
                {
                    imagePositions.Add(start + span.Start + offset);
                    featureRows.Add(next[span.Image]++);
                }
            }
        }

        return new VlmBatch(
            Int64(tokens, device), Int64(rotaryPositions.Select(position => (long)position), device), segments, images, Int64(imagePositions, device), Int64(featureRows, device),
            Int64(targetPositions, device), Int64(targets, device), samples);
    }

    /// <summary>One new token for each running example.</summary>
    /// <param name="tokens">The token of each example that still runs.</param>
    /// <param name="positions">Its rotary position.</param>
    /// <param name="examples">Its row in the key/value cache.</param>
    /// <param name="device">Where the tensors go; null for the CPU.</param>
    public static VlmBatch CreateStep(IReadOnlyList<int> tokens, IReadOnlyList<int> positions, IReadOnlyList<int> examples, Device? device = null)
    {
        Segment[] segments = [.. examples.Select((example, index) => new Segment(new TokenRange(index, 1), [], example))];
        return new VlmBatch(
            Int64(tokens.Select(token => (long)token), device), Int64(positions.Select(position => (long)position), device), segments, [],
            Int64([], device), Int64([], device), Int64([], device), Int64([], device), []);
    }

    /// <summary>Frees the tensors.</summary>
    public void Dispose()
    {
        foreach (Tensor tensor in (Tensor[])[Tokens, Positions, ImagePositions, FeatureRows, TargetPositions, Targets])
        {
            tensor.Dispose();
        }
    }

    private static Tensor Int64(IEnumerable<long> values, Device? device)
        => tensor([.. values], dtype: ScalarType.Int64, device: device).DetachFromDisposeScope();
}
