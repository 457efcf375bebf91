using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Microsoft.ML.Vlm.Torch.Kernels;

/// <summary>Permutations of 256 bits, which look at the lower three bits, and blends by the sign: the code's fourth bit goes there.</summary>
internal readonly unsafe struct TableLookup256 : ITableLookup
{
    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<int> Widen(byte* source) => Vector512.Create(Avx2.ConvertToVector256Int32(source), Avx2.ConvertToVector256Int32(source + 8));

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> Find(Vector512<float> table, Vector512<int> codes)
        => Vector512.Create(Find(table.GetLower(), table.GetUpper(), codes.GetLower()), Find(table.GetLower(), table.GetUpper(), codes.GetUpper()));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<float> Find(Vector256<float> low, Vector256<float> high, Vector256<int> codes)
        => Avx.BlendVariable(Avx2.PermuteVar8x32(low, codes), Avx2.PermuteVar8x32(high, codes), Vector256.ShiftLeft(codes, 28).AsSingle());
}
