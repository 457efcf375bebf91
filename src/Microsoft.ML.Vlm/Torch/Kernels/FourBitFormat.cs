using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Microsoft.ML.Vlm.Torch.Kernels;

/// <summary>Matrices of 4-bit codes, two a byte with the first one in the upper half, with a table of their values and a scale for every block.</summary>
/// <typeparam name="TLookup">How values are looked up.</typeparam>
internal readonly unsafe struct FourBitFormat<TLookup> : IMatrixFormat
    where TLookup : struct, ITableLookup
{
    /// <inheritdoc/>
    public static bool IsInterleaved => true;

    /// <inheritdoc/>
    public static bool HasBlockScales => true;

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Read(byte* row, long index, Vector512<float> table, out Vector512<float> first, out Vector512<float> second)
    {
        Vector512<int> bytes = TLookup.Widen(row + (index / 2));
        first = TLookup.Find(table, Vector512.ShiftRightLogical(bytes, 4));
        second = TLookup.Find(table, bytes);
    }

    /// <inheritdoc/>
    public static float ReadOne(byte* row, long index, float* table) => table[(index & 1) == 0 ? row[index / 2] >> 4 : row[index / 2] & 15];
}
