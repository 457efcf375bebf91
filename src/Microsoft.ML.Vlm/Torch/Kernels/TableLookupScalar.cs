using System.Runtime.Intrinsics;

namespace Microsoft.ML.Vlm.Torch.Kernels;

/// <summary>One value after the other; for every processor.</summary>
internal readonly unsafe struct TableLookupScalar : ITableLookup
{
    private const int CodeMask = 15;

    /// <inheritdoc/>
    public static Vector512<int> Widen(byte* source)
    {
        int* integers = stackalloc int[Vector512<int>.Count];
        for (int index = 0; index < Vector512<int>.Count; index++)
        {
            integers[index] = source[index];
        }
        return Vector512.Load(integers);
    }

    /// <inheritdoc/>
    public static Vector512<float> Find(Vector512<float> table, Vector512<int> codes)
    {
        float* values = stackalloc float[Vector512<float>.Count], found = stackalloc float[Vector512<float>.Count];
        table.Store(values);
        for (int index = 0; index < Vector512<float>.Count; index++)
        {
            found[index] = values[codes[index] & CodeMask];
        }
        return Vector512.Load(found);
    }
}
