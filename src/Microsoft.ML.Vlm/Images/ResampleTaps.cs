using System.Collections.Concurrent;

namespace Microsoft.ML.Vlm.Images;

/// <summary>The weights of one pass of a resize, in fixed point: output i is the sum over k of <c>Weights[i, k] * input[Starts[i] + k]</c>, shifted right by <see cref="Precision"/>.</summary>
internal sealed class ResampleTaps
{
    private const int PillowPrecision = 22;
    private const int LargestTorchvisionWeight = 1 << 15;

    private const int MostKept = 64;

    private static readonly ConcurrentDictionary<(int From, int To, ResampleFilter Filter, ResampleArithmetic Arithmetic), ResampleTaps> s_kept = new();

    private ResampleTaps(int[] starts, int[] counts, int[] weights, int stride, int precision)
    {
        Starts = starts;
        Counts = counts;
        Weights = weights;
        Stride = stride;
        Precision = precision;
        PairStride = (stride + 3) / 4 * 2;
        Pairs = weights.All(weight => weight is >= short.MinValue and <= short.MaxValue) ? Pair(weights, starts.Length, stride, PairStride) : null;
    }

    /// <summary>First input of each output, <c>[to]</c>.</summary>
    public int[] Starts { get; }

    /// <summary>Inputs of each output, <c>[to]</c>; at least 1.</summary>
    public int[] Counts { get; }

    /// <summary><c>[to, Stride]</c>; zero behind an output's count.</summary>
    public int[] Weights { get; }

    /// <summary>Most inputs of an output.</summary>
    public int Stride { get; }

    /// <summary>Fractional bits of the weights.</summary>
    public int Precision { get; }

    /// <summary>
    /// The weights once more, two by two as the 16-bit halves of a number, the first in the lower half: <c>[to, PairStride]</c>, zero behind an output's count.
    /// Null when a weight does not fit 16 bits.
    /// </summary>
    public int[]? Pairs { get; }

    /// <summary>Pairs of an output; an even number.</summary>
    public int PairStride { get; }

    /// <summary>As <see cref="Create"/>, but kept: images of a data set have few sizes, and the tables take longer than a small resize.</summary>
    public static ResampleTaps Get(int from, int to, ResampleFilter filter, ResampleArithmetic arithmetic)
    {
        if (s_kept.TryGetValue((from, to, filter, arithmetic), out ResampleTaps? taps))
        {
            return taps;
        }
        if (s_kept.Count >= MostKept)
        {
            s_kept.Clear();
        }
        return s_kept[(from, to, filter, arithmetic)] = Create(from, to, filter, arithmetic);
    }

    /// <summary>Weights that bring <paramref name="from"/> samples to <paramref name="to"/>; when shrinking, the filter is stretched so that every input counts.</summary>
    public static ResampleTaps Create(int from, int to, ResampleFilter filter, ResampleArithmetic arithmetic)
    {
        double scale = (double)from / to;
        double stretch = Math.Max(scale, 1);
        double shrink = 1 / stretch;
        double support = Support(filter) * stretch;
        int stride = ((int)Math.Ceiling(support) * 2) + 1;
        int[] starts = new int[to];
        int[] counts = new int[to];
        double[] exact = new double[(long)to * stride];
        double largest = 0;
        for (int i = 0; i < to; i++)
        {
            double center = (i + 0.5) * scale;
            int start = Math.Max((int)(center - support + 0.5), 0);
            int count = Math.Clamp(Math.Min((int)(center + support + 0.5), from) - start, 1, stride);
            Span<double> weights = exact.AsSpan(i * stride, count);
            double sum = 0;
            for (int k = 0; k < count; k++)
            {
                weights[k] = Weight(filter, (k + start - center + 0.5) * shrink);
                sum += weights[k];
            }
            for (int k = 0; k < count; k++)
            {
                weights[k] = sum == 0 ? weights[k] : weights[k] / sum;
                largest = Math.Max(largest, weights[k]);
            }
            starts[i] = start;
            counts[i] = count;
        }
        int precision = arithmetic == ResampleArithmetic.Pillow ? PillowPrecision : TorchvisionPrecision(largest);
        int[] rounded = Array.ConvertAll(exact, weight => (int)((weight * (1 << precision)) + (weight < 0 ? -0.5 : 0.5)));
        return new ResampleTaps(starts, counts, rounded, stride, precision);
    }

    private static int[] Pair(int[] weights, int outputs, int stride, int pairStride)
    {
        int[] pairs = new int[(long)outputs * pairStride];
        for (int i = 0; i < outputs; i++)
        {
            for (int k = 0; k < stride; k++)
            {
                pairs[(i * pairStride) + (k / 2)] |= k % 2 == 0 ? weights[(i * stride) + k] & 0xFFFF : weights[(i * stride) + k] << 16;
            }
        }
        return pairs;
    }

    private static int TorchvisionPrecision(double largest)
    {
        int precision = 0;
        while (precision < PillowPrecision && (int)(0.5 + (largest * (1 << (precision + 1)))) < LargestTorchvisionWeight)
        {
            precision++;
        }
        return precision;
    }

    private static int Support(ResampleFilter filter) => filter switch
    {
        ResampleFilter.Lanczos => 3,
        ResampleFilter.Bilinear => 1,
        ResampleFilter.Bicubic => 2,
        _ => throw new NotSupportedException($"Resampling with Pillow's filter number {(int)filter} is not supported; 1 (Lanczos), 2 (bilinear) and 3 (bicubic) are."),
    };

    private static double Weight(ResampleFilter filter, double x) => filter switch
    {
        ResampleFilter.Lanczos => x is >= -3 and < 3 ? Sinc(x) * Sinc(x / 3) : 0,
        ResampleFilter.Bilinear => Math.Max(0, 1 - Math.Abs(x)),
        _ => Cubic(Math.Abs(x)),
    };

    private static double Sinc(double x) => x == 0 ? 1 : Math.Sin(x * Math.PI) / (x * Math.PI);

    private static double Cubic(double x)
    {
        const double a = -0.5;
        return x < 1 ? ((((a + 2) * x) - (a + 3)) * x * x) + 1 : x < 2 ? (((((x - 5) * x) + 8) * x) - 4) * a : 0;
    }
}
