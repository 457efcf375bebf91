using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Microsoft.ML.Vlm.Torch.Kernels;

/// <summary>Matrices of 8-bit integers; the factor of a row is applied to its sum.</summary>
internal readonly unsafe struct Int8Format : IMatrixFormat
{
    /// <inheritdoc/>
    public static bool IsInterleaved => false;

    /// <inheritdoc/>
    public static bool HasBlockScales => false;

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Read(byte* row, long index, Vector512<float> table, out Vector512<float> first, out Vector512<float> second)
    {
        sbyte* codes = (sbyte*)row + index;
        if (Avx512F.IsSupported)
        {
            first = Vector512.ConvertToSingle(Avx512F.ConvertToVector512Int32(Vector128.Load(codes)));
            second = Vector512.ConvertToSingle(Avx512F.ConvertToVector512Int32(Vector128.Load(codes + 16)));
        }
        else
        {
            first = Widen(Vector128.Load(codes));
            second = Widen(Vector128.Load(codes + 16));
        }
    }

    /// <inheritdoc/>
    public static float ReadOne(byte* row, long index, float* table) => ((sbyte*)row)[index];

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<float> Widen(Vector128<sbyte> codes)
    {
        (Vector128<short> lower, Vector128<short> upper) = Vector128.Widen(codes);
        (Vector128<int> a, Vector128<int> b) = Vector128.Widen(lower);
        (Vector128<int> c, Vector128<int> d) = Vector128.Widen(upper);
        return Vector512.ConvertToSingle(Vector512.Create(Vector256.Create(a, b), Vector256.Create(c, d)));
    }
}
