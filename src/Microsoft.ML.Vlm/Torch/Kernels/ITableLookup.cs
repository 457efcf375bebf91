using System.Runtime.Intrinsics;

namespace Microsoft.ML.Vlm.Torch.Kernels;

/// <summary>Looks values of 4-bit codes up, sixteen at a time.</summary>
internal unsafe interface ITableLookup
{
    /// <summary>Sixteen bytes as integers.</summary>
    static abstract Vector512<int> Widen(byte* source);

    /// <summary>The values of the lower four bits of each integer; the other bits do not count.</summary>
    /// <param name="table">The sixteen values.</param>
    /// <param name="codes">Codes.</param>
    static abstract Vector512<float> Find(Vector512<float> table, Vector512<int> codes);
}
