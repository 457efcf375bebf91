using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Microsoft.ML.Vlm.Torch;

/// <summary>
/// Numbers as 4-bit codes, two a byte with the first one in the upper half, and a scale for every block: code by code a value of a table of 16, times the scale.
/// </summary>
internal static unsafe partial class FourBitKernel
{
    /// <summary>Number of codes.</summary>
    public const int CodeCount = 16;

    // Block sizes are multiples of it, so that the vector bodies need no tail but in the last block.
    private const int Step = 32;

    /// <summary>Dequantizes blocks to float32.</summary>
    /// <param name="body">Which body; it has to be supported.</param>
    /// <param name="codes">All codes.</param>
    /// <param name="scales">A scale for each block.</param>
    /// <param name="table">The 16 values.</param>
    /// <param name="output">All numbers.</param>
    /// <param name="count">How many there are.</param>
    /// <param name="blockSize">Numbers that share a scale, a multiple of 32.</param>
    /// <param name="first">First block.</param>
    /// <param name="end">Behind the last block.</param>
    public static void ToFloat32(KernelBody body, byte* codes, float* scales, float* table, float* output, long count, int blockSize, long first, long end)
    {
        // The last block may be short: one number at a time.
        long whole = body == KernelBody.Scalar ? first : Math.Min(end, count / blockSize);
        if (body == KernelBody.Vector512)
        {
            Widen512(codes, scales, table, output, blockSize, first, whole);
        }
        else if (body == KernelBody.Vector256)
        {
            Widen256(codes, scales, table, output, blockSize, first, whole);
        }
        for (long index = whole * blockSize, stop = Math.Min(count, end * blockSize); index < stop; index++)
        {
            output[index] = table[CodeAt(codes, index)] * scales[index / blockSize];
        }
    }

    /// <summary>Dequantizes blocks to bfloat16, each number rounded to the nearest, ties to even.</summary>
    /// <inheritdoc cref="ToFloat32"/>
    public static void ToBFloat16(KernelBody body, byte* codes, float* scales, float* table, ushort* output, long count, int blockSize, long first, long end)
    {
        long whole = body == KernelBody.Scalar ? first : Math.Min(end, count / blockSize);
        if (body == KernelBody.Vector512)
        {
            Narrow512(codes, scales, table, output, blockSize, first, whole);
        }
        else if (body == KernelBody.Vector256)
        {
            Narrow256(codes, scales, table, output, blockSize, first, whole);
        }
        for (long index = whole * blockSize, stop = Math.Min(count, end * blockSize); index < stop; index++)
        {
            output[index] = Round(table[CodeAt(codes, index)] * scales[index / blockSize]);
        }
    }

    /// <summary>Quantizes blocks: each divided by its greatest magnitude, and of the codes the one whose value is nearest.</summary>
    /// <param name="values">All numbers.</param>
    /// <param name="count">How many there are.</param>
    /// <param name="thresholds">15 middles between neighbouring values, ascending; a number has the rank of as many of them as lie below it.</param>
    /// <param name="codeOfRank">The code of each rank.</param>
    /// <param name="codes">Written: (count + 1) / 2 bytes.</param>
    /// <param name="scales">Written: a scale for each block, 0 for a block of zeros.</param>
    /// <param name="blockSize">Numbers that share a scale, a multiple of 32.</param>
    /// <param name="first">First block.</param>
    /// <param name="end">Behind the last block.</param>
    public static void Quantize(
        float* values, long count, float* thresholds, byte* codeOfRank, byte* codes, float* scales, int blockSize, long first, long end)
    {
        for (long block = first; block < end; block++)
        {
            long start = block * blockSize;
            scales[block] = QuantizeBlock(values + start, (int)Math.Min(blockSize, count - start), thresholds, codeOfRank, codes + (start / 2));
        }
    }

    /// <summary>A bfloat16 as its bits: the nearest one, ties to even.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static ushort Round(float value)
    {
        uint bits = BitConverter.SingleToUInt32Bits(value);
        return (ushort)((bits + 0x7FFF + ((bits >> 16) & 1)) >> 16);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static float QuantizeBlock(float* values, int count, float* thresholds, byte* codeOfRank, byte* codes)
    {
        int width = Vector512<float>.Count, whole = count / Step * Step;
        Vector512<float> top = Vector512<float>.Zero;
        for (int index = 0; index < whole; index += width)
        {
            top = Vector512.Max(top, Vector512.Abs(Vector512.Load(values + index)));
        }
        float scale = 0;
        for (int lane = 0; lane < width; lane++)
        {
            scale = MathF.Max(scale, top[lane]);
        }
        for (int index = whole; index < count; index++)
        {
            scale = MathF.Max(scale, MathF.Abs(values[index]));
        }

        // The reference multiplies by the reciprocal: a quotient may round to the other side of a middle.
        float inverse = scale == 0 ? 0 : 1 / scale;
        int* ranks = stackalloc int[Step];
        for (int index = 0; index < whole; index += Step)
        {
            Rank(Vector512.Load(values + index) * inverse, thresholds).Store(ranks);
            Rank(Vector512.Load(values + index + width) * inverse, thresholds).Store(ranks + width);
            for (int pair = 0; pair < Step / 2; pair++)
            {
                codes[(index / 2) + pair] = (byte)((codeOfRank[ranks[2 * pair]] << 4) | codeOfRank[ranks[(2 * pair) + 1]]);
            }
        }
        for (int index = whole; index < count; index += 2)
        {
            int high = Rank(values[index] * inverse, thresholds), low = Rank(index + 1 < count ? values[index + 1] * inverse : 0, thresholds);
            codes[index / 2] = (byte)((codeOfRank[high] << 4) | codeOfRank[low]);
        }
        return scale;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<int> Rank(Vector512<float> value, float* thresholds)
    {
        // A comparison that holds is -1.
        Vector512<int> rank = Vector512<int>.Zero;
        for (int index = 0; index < CodeCount - 1; index++)
        {
            rank -= Vector512.GreaterThan(value, Vector512.Create(thresholds[index])).AsInt32();
        }
        return rank;
    }

    private static int Rank(float value, float* thresholds)
    {
        int rank = 0;
        for (int index = 0; index < CodeCount - 1; index++)
        {
            rank += value > thresholds[index] ? 1 : 0;
        }
        return rank;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static int CodeAt(byte* codes, long index) => (index & 1) == 0 ? codes[index / 2] >> 4 : codes[index / 2] & 15;
}
