using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Microsoft.ML.Vlm.Torch.Kernels;

/// <summary>Matrices of 32-bit floats.</summary>
internal readonly unsafe struct Float32Format : IMatrixFormat
{
    /// <inheritdoc/>
    public static bool IsInterleaved => false;

    /// <inheritdoc/>
    public static bool HasBlockScales => false;

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Read(byte* row, long index, Vector512<float> table, out Vector512<float> first, out Vector512<float> second)
    {
        float* values = (float*)row + index;
        first = Vector512.Load(values);
        second = Vector512.Load(values + 16);
    }

    /// <inheritdoc/>
    public static float ReadOne(byte* row, long index, float* table) => ((float*)row)[index];
}
