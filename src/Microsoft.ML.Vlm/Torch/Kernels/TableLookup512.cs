using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Microsoft.ML.Vlm.Torch.Kernels;

/// <summary>One permutation of 512 bits; it looks at the lower four bits alone.</summary>
internal readonly unsafe struct TableLookup512 : ITableLookup
{
    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<int> Widen(byte* source) => Avx512F.ConvertToVector512Int32(Vector128.Load(source));

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> Find(Vector512<float> table, Vector512<int> codes) => Avx512F.PermuteVar16x32(table, codes);
}
