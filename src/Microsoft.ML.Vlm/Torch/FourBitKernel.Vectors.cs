using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Microsoft.ML.Vlm.Torch;

/// <content>The bodies in vector instructions, for whole blocks. The loop over blocks is inside: a call for each would cost as much as its work.</content>
internal static unsafe partial class FourBitKernel
{
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Widen512(byte* codes, float* scales, float* table, float* output, int blockSize, long first, long end)
    {
        Vector512<float> values = Vector512.Load(table);
        Vector512<int> firstHalf = Vector512.Create(0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23), secondHalf = firstHalf + Vector512.Create(8);
        for (long block = first; block < end; block++)
        {
            Vector512<float> factor = Vector512.Create(scales[block]);
            for (long index = block * blockSize, stop = index + blockSize; index < stop; index += 32)
            {
                Vector512<int> bytes = Avx512F.ConvertToVector512Int32(Vector128.Load(codes + (index / 2)));

                // The permutation looks at the lower four bits alone, so that the second numbers need no mask.
                Vector512<float> even = Avx512F.PermuteVar16x32(values, Vector512.ShiftRightLogical(bytes, 4)) * factor;
                Vector512<float> odd = Avx512F.PermuteVar16x32(values, bytes) * factor;
                Avx512F.PermuteVar16x32x2(even, firstHalf, odd).Store(output + index);
                Avx512F.PermuteVar16x32x2(even, secondHalf, odd).Store(output + index + 16);
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Narrow512(byte* codes, float* scales, float* table, ushort* output, int blockSize, long first, long end)
    {
        Vector512<float> values = Vector512.Load(table);
        Vector512<uint> one = Vector512.Create(1u), half = Vector512.Create(0x7FFFu), upper = Vector512.Create(0xFFFF0000u);
        for (long block = first; block < end; block++)
        {
            Vector512<float> factor = Vector512.Create(scales[block]);
            for (long index = block * blockSize, stop = index + blockSize; index < stop; index += 32)
            {
                Vector512<int> bytes = Avx512F.ConvertToVector512Int32(Vector128.Load(codes + (index / 2)));
                Vector512<uint> even = (Avx512F.PermuteVar16x32(values, Vector512.ShiftRightLogical(bytes, 4)) * factor).AsUInt32();
                Vector512<uint> odd = (Avx512F.PermuteVar16x32(values, bytes) * factor).AsUInt32();
                even = Vector512.ShiftRightLogical(even + half + (Vector512.ShiftRightLogical(even, 16) & one), 16);
                odd = (odd + half + (Vector512.ShiftRightLogical(odd, 16) & one)) & upper;
                (even | odd).AsUInt16().Store(output + index);
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Widen256(byte* codes, float* scales, float* table, float* output, int blockSize, long first, long end)
    {
        Vector256<float> low = Vector256.Load(table), high = Vector256.Load(table + 8);
        for (long block = first; block < end; block++)
        {
            Vector256<float> factor = Vector256.Create(scales[block]);
            for (long index = block * blockSize, stop = index + blockSize; index < stop; index += 16)
            {
                Vector256<int> bytes = Avx2.ConvertToVector256Int32(codes + (index / 2));
                Vector256<float> even = Look256(low, high, Vector256.ShiftRightLogical(bytes, 4)) * factor, odd = Look256(low, high, bytes) * factor;

                // Unpacking works within halves of 128 bits.
                Vector256<float> lower = Avx.UnpackLow(even, odd), upper = Avx.UnpackHigh(even, odd);
                Avx.Permute2x128(lower, upper, 0x20).Store(output + index);
                Avx.Permute2x128(lower, upper, 0x31).Store(output + index + 8);
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Narrow256(byte* codes, float* scales, float* table, ushort* output, int blockSize, long first, long end)
    {
        Vector256<float> low = Vector256.Load(table), high = Vector256.Load(table + 8);
        Vector256<uint> one = Vector256.Create(1u), half = Vector256.Create(0x7FFFu), upper = Vector256.Create(0xFFFF0000u);
        for (long block = first; block < end; block++)
        {
            Vector256<float> factor = Vector256.Create(scales[block]);
            for (long index = block * blockSize, stop = index + blockSize; index < stop; index += 16)
            {
                Vector256<int> bytes = Avx2.ConvertToVector256Int32(codes + (index / 2));
                Vector256<uint> even = (Look256(low, high, Vector256.ShiftRightLogical(bytes, 4)) * factor).AsUInt32();
                Vector256<uint> odd = (Look256(low, high, bytes) * factor).AsUInt32();
                even = Vector256.ShiftRightLogical(even + half + (Vector256.ShiftRightLogical(even, 16) & one), 16);
                odd = (odd + half + (Vector256.ShiftRightLogical(odd, 16) & one)) & upper;
                (even | odd).AsUInt16().Store(output + index);
            }
        }
    }

    // The permutation looks at the lower three bits, the blend at the sign: the code's fourth bit goes there.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<float> Look256(Vector256<float> low, Vector256<float> high, Vector256<int> codes)
        => Avx.BlendVariable(Avx2.PermuteVar8x32(low, codes), Avx2.PermuteVar8x32(high, codes), Vector256.ShiftLeft(codes, 28).AsSingle());
}
