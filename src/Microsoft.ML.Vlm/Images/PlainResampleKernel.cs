using System.Numerics;
using System.Runtime.Intrinsics;

namespace Microsoft.ML.Vlm.Images;

/// <summary>Resizes with weights of any size, on any processor.</summary>
internal sealed unsafe class PlainResampleKernel : ResampleKernel
{
    /// <inheritdoc/>
    public override bool IsSupported => true;

    /// <inheritdoc/>
    public override bool Takes(ResampleTaps taps) => true;

    /// <inheritdoc/>
    public override void ResizeWidth(byte* source, int width, int rows, byte* target, ResampleTaps taps)
    {
        // A row is widened once, to a vector a pixel, so that a tap is one multiplication.
        var row = new Vector128<int>[width];
        nint from = Channels * width, to = Channels * taps.Starts.Length;
        for (int y = 0; y < rows; y++)
        {
            byte* samples = source + (y * from);
            for (int x = 0; x < width; x++)
            {
                row[x] = Vector128.Create(samples[Channels * x], samples[(Channels * x) + 1], samples[(Channels * x) + 2], 0);
            }
            SumTaps(row, taps, new Span<byte>(target + (y * to), (int)to));
        }
    }

    /// <inheritdoc/>
    public override void ResizeHeight(byte* source, int rowBytes, byte* target, ResampleTaps taps)
    {
        for (int i = 0; i < taps.Starts.Length; i++)
        {
            SumRows(source + ((nint)taps.Starts[i] * rowBytes), rowBytes, 0, taps, i, target + ((nint)i * rowBytes));
        }
    }

    /// <summary>One output row of a resize of the height, from a column on.</summary>
    /// <param name="rows">The first row that counts.</param>
    /// <param name="rowBytes">Bytes of a row.</param>
    /// <param name="first">First byte of the row to compute.</param>
    /// <param name="taps">Weights.</param>
    /// <param name="index">Which output.</param>
    /// <param name="output">The output row.</param>
    internal static void SumRows(byte* rows, int rowBytes, int first, ResampleTaps taps, int index, byte* output)
    {
        ReadOnlySpan<int> weights = taps.Weights.AsSpan(index * taps.Stride, taps.Counts[index]);
        int precision = taps.Precision, x = first;
        for (; x <= rowBytes - Vector<byte>.Count; x += Vector<byte>.Count)
        {
            var half = new Vector<int>(1 << (precision - 1));
            (Vector<int> a, Vector<int> b, Vector<int> c, Vector<int> d) = (half, half, half, half);
            for (int k = 0; k < weights.Length; k++)
            {
                Vector.Widen(Vector.Load(rows + ((nint)k * rowBytes) + x), out Vector<ushort> low, out Vector<ushort> high);
                Vector.Widen(low, out Vector<uint> e, out Vector<uint> f);
                Vector.Widen(high, out Vector<uint> g, out Vector<uint> h);
                var weight = new Vector<int>(weights[k]);
                a += Vector.AsVectorInt32(e) * weight;
                b += Vector.AsVectorInt32(f) * weight;
                c += Vector.AsVectorInt32(g) * weight;
                d += Vector.AsVectorInt32(h) * weight;
            }
            Vector<ushort> left = Vector.Narrow(Clip(a, precision), Clip(b, precision));
            Vector<ushort> right = Vector.Narrow(Clip(c, precision), Clip(d, precision));
            Vector.Store(Vector.Narrow(left, right), output + x);
        }
        for (; x < rowBytes; x++)
        {
            int sum = 1 << (precision - 1);
            for (int k = 0; k < weights.Length; k++)
            {
                sum += rows[((nint)k * rowBytes) + x] * weights[k];
            }
            output[x] = (byte)Math.Clamp(sum >> precision, 0, 255);
        }
    }

    private static void SumTaps(ReadOnlySpan<Vector128<int>> row, ResampleTaps taps, Span<byte> output)
    {
        Vector128<int> half = Vector128.Create(1 << (taps.Precision - 1));
        for (int i = 0; i < taps.Starts.Length; i++)
        {
            ReadOnlySpan<Vector128<int>> pixels = row.Slice(taps.Starts[i], taps.Counts[i]);
            ReadOnlySpan<int> weights = taps.Weights.AsSpan(i * taps.Stride, pixels.Length);
            Vector128<int> sum = half;
            for (int k = 0; k < pixels.Length; k++)
            {
                sum += pixels[k] * weights[k];
            }
            sum = Vector128.Clamp(sum >> taps.Precision, Vector128<int>.Zero, Vector128.Create(255));
            output[Channels * i] = (byte)sum[0];
            output[(Channels * i) + 1] = (byte)sum[1];
            output[(Channels * i) + 2] = (byte)sum[2];
        }
    }

    private static Vector<uint> Clip(Vector<int> sum, int precision)
        => Vector.AsVectorUInt32(Vector.Min(Vector.Max(sum >> precision, Vector<int>.Zero), new Vector<int>(255)));
}
