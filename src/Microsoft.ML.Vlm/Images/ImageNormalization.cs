using System.Numerics;

namespace Microsoft.ML.Vlm.Images;

/// <summary>How 8-bit samples become the numbers a vision tower reads: <c>(sample - mean) / deviation</c> for each channel, in float32.</summary>
/// <remarks>
/// The rescale factor of the checkpoint (1/255) is folded in as the reference does: mean = f32(image_mean) * f32(1/rescale_factor), likewise the deviation.
/// </remarks>
/// <param name="Mean">Three values, in units of samples (0 to 255).</param>
/// <param name="Deviation">Three values, in units of samples.</param>
internal sealed record ImageNormalization(IReadOnlyList<float> Mean, IReadOnlyList<float> Deviation)
{
    /// <summary>Normalizes samples.</summary>
    /// <param name="samples">Planes, <c>[tiles, 3, plane]</c>.</param>
    /// <param name="plane">Samples of a channel of a tile.</param>
    /// <param name="target">Gets the same shape.</param>
    public void Apply(ReadOnlySpan<byte> samples, int plane, Span<float> target)
    {
        for (int start = 0, channel = 0; start < samples.Length; start += plane, channel = (channel + 1) % Mean.Count)
        {
            Apply(samples.Slice(start, plane), Mean[channel], Deviation[channel], target.Slice(start, plane));
        }
    }

    private static void Apply(ReadOnlySpan<byte> samples, float mean, float deviation, Span<float> target)
    {
        (Vector<float> means, Vector<float> deviations) = (new(mean), new(deviation));
        int x = 0;
        for (; x <= samples.Length - Vector<byte>.Count; x += Vector<byte>.Count)
        {
            Vector.Widen(new Vector<byte>(samples[x..]), out Vector<ushort> low, out Vector<ushort> high);
            Vector.Widen(low, out Vector<uint> a, out Vector<uint> b);
            Vector.Widen(high, out Vector<uint> c, out Vector<uint> d);
            Span<float> place = target.Slice(x, Vector<byte>.Count);
            Normalize(a).CopyTo(place);
            Normalize(b).CopyTo(place[Vector<float>.Count..]);
            Normalize(c).CopyTo(place[(2 * Vector<float>.Count)..]);
            Normalize(d).CopyTo(place[(3 * Vector<float>.Count)..]);
        }
        for (; x < samples.Length; x++)
        {
            target[x] = (samples[x] - mean) / deviation;
        }

        Vector<float> Normalize(Vector<uint> values) => (Vector.ConvertToSingle(Vector.AsVectorInt32(values)) - means) / deviations;
    }
}
