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

    /// <summary>Packs rows; each answer of a row that has <see cref="VlmSample.Answers"/> is a segment behind the row's prompt.</summary>
    /// <param name="samples">At least one row.</param>
    /// <param name="tokensPerTile">Features a tile has.</param>
    /// <param name="device">Where the tensors go; null for the CPU.</param>
    public static VlmBatch Create(IReadOnlyList<VlmSample> samples, int tokensPerTile, Device? device = null)
    {
        List<Segment> segments = [];
        List<int> positions = [];
        for (int row = 0, start = 0; row < samples.Count; start += samples[row].Tokens.Length, row++)
        {
            AddSegments(samples[row], row, start, segments, positions);
        }
        return Pack(samples, tokensPerTile, segments, positions, device);
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

        for (int row = 0, start = 0; row < samples.Count; start += samples[row].Tokens.Length, row++)
        {
            if (segments[row].Range != new TokenRange(start, samples[row].Tokens.Length))
            {
                throw new ArgumentException(
                    $"Row {row} has the tokens {start} to {start + samples[row].Tokens.Length - 1}, but segment {row} covers {segments[row].Range}.", nameof(segments));
            }
        }
        return Pack(samples, tokensPerTile, segments, rotaryPositions, device);
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

    private static void AddSegments(VlmSample sample, int row, int start, List<Segment> segments, List<int> positions)
    {
        TokenRange prompt = new(start, sample.Answers.Count == 0 ? sample.Tokens.Length : sample.Answers[0].Start);
        segments.Add(new Segment(prompt, [], row));
        positions.AddRange(Enumerable.Range(0, prompt.Length));
        int next = prompt.Length;
        foreach (TokenRange answer in sample.Answers)
        {
            if (answer.Start != next || prompt.Length == 0 || answer.Length == 0)
            {
                throw new ArgumentException($"Row {row} has an answer at {answer}; answers are not empty and follow a prompt and each other.", nameof(sample));
            }
            segments.Add(new Segment(new TokenRange(start + answer.Start, answer.Length), [prompt], row));
            positions.AddRange(Enumerable.Range(prompt.Length, answer.Length));
            next += answer.Length;
        }
        if (next != sample.Tokens.Length)
        {
            throw new ArgumentException($"Row {row} has {sample.Tokens.Length} tokens, but its answers end at {next}.", nameof(sample));
        }
    }

    private static VlmBatch Pack(
        IReadOnlyList<VlmSample> samples, int tokensPerTile, IReadOnlyList<Segment> segments, IReadOnlyList<int> rotaryPositions, Device? device)
    {
        int[] tokens = [.. samples.SelectMany(sample => sample.Tokens)];
        bool[] isTarget = [.. samples.SelectMany(sample => sample.IsTarget)];
        List<long> targetPositions = [], targets = [];
        foreach (Segment segment in segments)
        {
            int before = segment.Prefix is [.., TokenRange last] ? last.Start + last.Length - 1 : -1;
            for (int index = segment.Range.Start; index < segment.Range.Start + segment.Range.Length; index++)
            {
                int predictor = index > segment.Range.Start ? index - 1 : before;
                if (predictor >= 0 && isTarget[index])
                {
                    targetPositions.Add(predictor);
                    targets.Add(tokens[index]);
                }
            }
        }
        (List<ImageTiles> images, List<long> imagePositions, List<long> featureRows) = PlaceImages(samples, tokensPerTile);
        return new VlmBatch(
            Int64(tokens.Select(token => (long)token), device), Int64(rotaryPositions.Select(position => (long)position), device), segments, images,
            Int64(imagePositions, device), Int64(featureRows, device), Int64(targetPositions, device), Int64(targets, device), samples);
    }

    private static (List<ImageTiles> Images, List<long> Positions, List<long> FeatureRows) PlaceImages(IReadOnlyList<VlmSample> samples, int tokensPerTile)
    {
        List<ImageTiles> images = [];
        List<long> positions = [], rows = [];
        Dictionary<UInt128, long> firstFeature = [];
        long features = 0;
        int start = 0;
        foreach (VlmSample sample in samples)
        {
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
                    positions.Add(start + span.Start + offset);
                    rows.Add(next[span.Image]++);
                }
            }
            start += sample.Tokens.Length;
        }
        return (images, positions, rows);
    }

    private static Tensor Int64(IEnumerable<long> values, Device? device)
        => tensor([.. values], dtype: ScalarType.Int64, device: device).DetachFromDisposeScope();
}
