using System.Runtime.Intrinsics;

namespace Microsoft.ML.Vlm.Torch.Kernels;

/// <summary>A number format of matrices as <see cref="MatrixVectorKernel"/> reads them: row by row, thirty-two numbers at a time.</summary>
internal unsafe interface IMatrixFormat
{
    /// <summary>Whether <see cref="Read"/> gives the even numbers first and then the odd ones, rather than the first half and then the second.</summary>
    static abstract bool IsInterleaved { get; }

    /// <summary>Whether blocks of a row have scales of their own, which <see cref="Read"/> leaves out.</summary>
    static abstract bool HasBlockScales { get; }

    /// <summary>Reads thirty-two numbers.</summary>
    /// <param name="row">First byte of the row.</param>
    /// <param name="index">Index of the first number, a multiple of 32.</param>
    /// <param name="table">The values of the codes, where the format has a table.</param>
    /// <param name="first">The first half, or the even ones.</param>
    /// <param name="second">The second half, or the odd ones.</param>
    static abstract void Read(byte* row, long index, Vector512<float> table, out Vector512<float> first, out Vector512<float> second);

    /// <summary>Reads a single number; block scales are left out.</summary>
    /// <param name="row">First byte of the row.</param>
    /// <param name="index">Index of the number.</param>
    /// <param name="table">The values of the codes, where the format has a table.</param>
    static abstract float ReadOne(byte* row, long index, float* table);
}
