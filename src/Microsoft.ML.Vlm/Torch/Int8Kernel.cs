using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Microsoft.ML.Vlm.Torch;

/// <summary>Rows of numbers as 8-bit integers times a factor for each row.</summary>
internal static unsafe class Int8Kernel
{
    /// <summary>Dequantizes rows to float32.</summary>
    /// <param name="body">Which body; it has to be supported.</param>
    /// <param name="codes">All codes, <c>[rows, width]</c>.</param>
    /// <param name="factors">A factor for each row.</param>
    /// <param name="output">All numbers.</param>
    /// <param name="width">Numbers of a row.</param>
    /// <param name="first">First row.</param>
    /// <param name="end">Behind the last row.</param>
    public static void ToFloat32(KernelBody body, sbyte* codes, float* factors, float* output, long width, long first, long end)
    {
        for (long row = first; row < end; row++)
        {
            sbyte* from = codes + (row * width);
            float* to = output + (row * width);
            long done = body switch
            {
                KernelBody.Vector512 => Widen512(from, factors[row], to, width),
                KernelBody.Vector256 => Widen256(from, factors[row], to, width),
                _ => 0,
            };
            for (long index = done; index < width; index++)
            {
                to[index] = from[index] * factors[row];
            }
        }
    }

    /// <summary>Dequantizes rows to bfloat16, each number rounded to the nearest, ties to even.</summary>
    /// <inheritdoc cref="ToFloat32"/>
    public static void ToBFloat16(KernelBody body, sbyte* codes, float* factors, ushort* output, long width, long first, long end)
    {
        for (long row = first; row < end; row++)
        {
            sbyte* from = codes + (row * width);
            ushort* to = output + (row * width);
            long done = body switch
            {
                KernelBody.Vector512 => Narrow512(from, factors[row], to, width),
                KernelBody.Vector256 => Narrow256(from, factors[row], to, width),
                _ => 0,
            };
            for (long index = done; index < width; index++)
            {
                to[index] = FourBitKernel.Round(from[index] * factors[row]);
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static long Widen512(sbyte* codes, float factor, float* output, long count)
    {
        Vector512<float> scale = Vector512.Create(factor);
        long index = 0;
        for (; index <= count - 16; index += 16)
        {
            (Vector512.ConvertToSingle(Avx512F.ConvertToVector512Int32(Vector128.Load(codes + index))) * scale).Store(output + index);
        }
        return index;
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static long Widen256(sbyte* codes, float factor, float* output, long count)
    {
        Vector256<float> scale = Vector256.Create(factor);
        long index = 0;
        for (; index <= count - 8; index += 8)
        {
            (Vector256.ConvertToSingle(Avx2.ConvertToVector256Int32(codes + index)) * scale).Store(output + index);
        }
        return index;
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static long Narrow512(sbyte* codes, float factor, ushort* output, long count)
    {
        Vector512<float> scale = Vector512.Create(factor);
        Vector512<uint> one = Vector512.Create(1u), half = Vector512.Create(0x7FFFu);
        long index = 0;
        for (; index <= count - 16; index += 16)
        {
            Vector512<uint> bits = (Vector512.ConvertToSingle(Avx512F.ConvertToVector512Int32(Vector128.Load(codes + index))) * scale).AsUInt32();
            bits = Vector512.ShiftRightLogical(bits + half + (Vector512.ShiftRightLogical(bits, 16) & one), 16);
            Avx512F.ConvertToVector256UInt16(bits).Store(output + index);
        }
        return index;
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static long Narrow256(sbyte* codes, float factor, ushort* output, long count)
    {
        Vector256<float> scale = Vector256.Create(factor);
        Vector256<uint> one = Vector256.Create(1u), half = Vector256.Create(0x7FFFu);
        long index = 0;
        for (; index <= count - 8; index += 8)
        {
            Vector256<uint> bits = (Vector256.ConvertToSingle(Avx2.ConvertToVector256Int32(codes + index)) * scale).AsUInt32();
            bits = Vector256.ShiftRightLogical(bits + half + (Vector256.ShiftRightLogical(bits, 16) & one), 16);
            Vector128.Narrow(bits.GetLower(), bits.GetUpper()).Store(output + index);
        }
        return index;
    }
}
