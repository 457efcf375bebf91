using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Microsoft.ML.Vlm.Torch.Kernels;

/// <summary>Matrices of 16-bit brain floats: two in each 32 bits, of which the upper one is a float as it stands.</summary>
internal readonly unsafe struct BFloat16Format : IMatrixFormat
{
    /// <inheritdoc/>
    public static bool IsInterleaved => true;

    /// <inheritdoc/>
    public static bool HasBlockScales => false;

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Read(byte* row, long index, Vector512<float> table, out Vector512<float> first, out Vector512<float> second)
    {
        Vector512<uint> pairs = Vector512.Load((uint*)(row + (2 * index)));
        first = Vector512.ShiftLeft(pairs, 16).AsSingle();
        second = (pairs & Vector512.Create(0xFFFF0000u)).AsSingle();
    }

    /// <inheritdoc/>
    public static float ReadOne(byte* row, long index, float* table) => BitConverter.UInt32BitsToSingle((uint)((ushort*)row)[index] << 16);
}
