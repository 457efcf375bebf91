using System.Buffers;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Microsoft.ML.Vlm.Images;

/// <summary>Resizes with 16-bit weights, two of them in one multiplication (the torchvision arithmetic).</summary>
/// <typeparam name="TLanes">The operations.</typeparam>
/// <typeparam name="TRegister">The registers they work on.</typeparam>
internal sealed unsafe class PairedResampleKernel<TLanes, TRegister> : ResampleKernel
    where TLanes : struct, IResampleLanes<TRegister>
    where TRegister : struct
{
    private const int LaneBytes = 16;
    private const int PixelsAtOnce = 4;
    private const byte Zero = 0x80;

    // A register of four pixels reads past the last weight's pixel, and past the end of the row.
    private const int Overhang = LaneBytes;

    private static readonly Vector128<byte> s_firstPair = Vector128.Create(0, Zero, 3, Zero, 1, Zero, 4, Zero, 2, Zero, 5, Zero, Zero, Zero, Zero, Zero);
    private static readonly Vector128<byte> s_secondPair = Vector128.Create(6, Zero, 9, Zero, 7, Zero, 10, Zero, 8, Zero, 11, Zero, Zero, Zero, Zero, Zero);
    private static readonly Vector128<byte> s_dropFourth = Vector128.Create(0, 1, 2, 4, 5, 6, 8, 9, 10, 12, 13, 14, Zero, Zero, Zero, Zero);

    /// <inheritdoc/>
    public override bool IsSupported => TLanes.IsSupported;

    /// <inheritdoc/>
    public override bool Takes(ResampleTaps taps) => taps.Pairs is not null;

    /// <inheritdoc/>
    public override void ResizeWidth(byte* source, int width, int rows, byte* target, ResampleTaps taps)
    {
        nint from = Channels * width, to = Channels * taps.Starts.Length;
        int y = 0;
        for (; y + TLanes.Count <= rows && ((y + TLanes.Count) * from) + Overhang <= rows * from; y += TLanes.Count)
        {
            ResizeRows(source + (y * from), from, target + (y * to), to, taps);
        }

        // The rest goes through a copy that may be read past its end, and whose unused rows may be written.
        byte[] copy = ArrayPool<byte>.Shared.Rent(checked((int)(TLanes.Count * (from + to)) + Overhang));
        fixed (byte* start = copy)
        {
            byte* outputs = start, inputs = start + (TLanes.Count * to);
            for (; y < rows; y += TLanes.Count)
            {
                int count = Math.Min(TLanes.Count, rows - y);
                Buffer.MemoryCopy(source + (y * from), inputs, count * from, count * from);
                ResizeRows(inputs, from, outputs, to, taps);
                Buffer.MemoryCopy(outputs, target + (y * to), count * to, count * to);
            }
        }
        ArrayPool<byte>.Shared.Return(copy);
    }

    /// <inheritdoc/>
    public override void ResizeHeight(byte* source, int rowBytes, byte* target, ResampleTaps taps)
    {
        int registerBytes = LaneBytes * TLanes.Count;
        fixed (int* pairs = taps.Pairs)
        {
            for (int i = 0; i < taps.Starts.Length; i++)
            {
                byte* rows = source + ((nint)taps.Starts[i] * rowBytes), output = target + ((nint)i * rowBytes);
                int* weights = pairs + ((nint)i * taps.PairStride);
                int x = 0;
                for (; x + registerBytes <= rowBytes; x += registerBytes)
                {
                    SumRows(rows + x, rowBytes, taps.Counts[i], weights, taps.Precision, output + x);
                }
                if (x < rowBytes && rowBytes >= registerBytes)
                {
                    x = rowBytes - registerBytes;
                    SumRows(rows + x, rowBytes, taps.Counts[i], weights, taps.Precision, output + x);
                }
                else
                {
                    PlainResampleKernel.SumRows(rows, rowBytes, x, taps, i, output);
                }
            }
        }
    }

    private static void ResizeRows(byte* source, nint from, byte* target, nint to, ResampleTaps taps)
    {
        byte* tail = stackalloc byte[LaneBytes * TLanes.Count];
        int outputs = taps.Starts.Length, last = outputs - 1;
        fixed (int* starts = taps.Starts, counts = taps.Counts, pairs = taps.Pairs)
        {
            RowSums sums = new(source, from, starts, counts, pairs, taps);
            int i = 0;
            for (; (Channels * i) + LaneBytes <= to; i += PixelsAtOnce)
            {
                TLanes.StoreRows(sums.Four(i, i + 1, i + 2, i + 3), target + (Channels * i), to);
            }
            for (; i < outputs; i += PixelsAtOnce)
            {
                int bytes = Channels * Math.Min(PixelsAtOnce, outputs - i);
                TLanes.StoreRows(sums.Four(i, Math.Min(i + 1, last), Math.Min(i + 2, last), Math.Min(i + 3, last)), tail, LaneBytes);
                for (int row = 0; row < TLanes.Count; row++)
                {
                    Buffer.MemoryCopy(tail + (row * LaneBytes), target + (row * to) + (Channels * i), bytes, bytes);
                }
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void SumRows(byte* rows, nint rowBytes, int count, int* weights, int precision, byte* output)
    {
        TRegister a = TLanes.Repeat(1 << (precision - 1)), b = a, c = a, d = a, zero = TLanes.Repeat(0);
        for (int k = 0; k < count; k += 2)
        {
            TRegister upper = TLanes.Load(rows), lower = k + 1 < count ? TLanes.Load(rows + rowBytes) : zero;
            TRegister low = TLanes.InterleaveLow(upper, lower), high = TLanes.InterleaveHigh(upper, lower), weight = TLanes.Repeat(weights[k / 2]);
            a = TLanes.AddProducts(a, TLanes.InterleaveLow(low, zero), weight);
            b = TLanes.AddProducts(b, TLanes.InterleaveHigh(low, zero), weight);
            c = TLanes.AddProducts(c, TLanes.InterleaveLow(high, zero), weight);
            d = TLanes.AddProducts(d, TLanes.InterleaveHigh(high, zero), weight);
            rows += 2 * rowBytes;
        }
        TLanes.Store(TLanes.Pack(a, b, c, d, precision), output);
    }

    /// <summary>Weighted sums of pixels of as many rows as there are lanes.</summary>
    private readonly ref struct RowSums(byte* source, nint rowBytes, int* starts, int* counts, int* pairs, ResampleTaps taps)
    {
        private readonly TRegister _first = TLanes.Repeat(s_firstPair), _second = TLanes.Repeat(s_secondPair), _dropFourth = TLanes.Repeat(s_dropFourth);
        private readonly TRegister _half = TLanes.Repeat(1 << (taps.Precision - 1));
        private readonly byte* _source = source;
        private readonly nint _rowBytes = rowBytes;
        private readonly int* _starts = starts, _counts = counts, _pairs = pairs;
        private readonly int _stride = taps.PairStride, _precision = taps.Precision;

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public TRegister Four(int a, int b, int c, int d) => TLanes.Shuffle(TLanes.Pack(Sum(a), Sum(b), Sum(c), Sum(d), _precision), _dropFourth);

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        private TRegister Sum(int output)
        {
            TRegister sum = _half;
            byte* pixels = _source + (Channels * _starts[output]);
            int* weights = _pairs + ((nint)output * _stride);
            for (int rest = _counts[output]; rest > 0; rest -= PixelsAtOnce)
            {
                TRegister bytes = TLanes.LoadRows(pixels, _rowBytes);
                sum = TLanes.AddProducts(sum, TLanes.Shuffle(bytes, _first), TLanes.Repeat(weights[0]));
                sum = TLanes.AddProducts(sum, TLanes.Shuffle(bytes, _second), TLanes.Repeat(weights[1]));
                pixels += Channels * PixelsAtOnce;
                weights += 2;
            }
            return sum;
        }
    }
}
