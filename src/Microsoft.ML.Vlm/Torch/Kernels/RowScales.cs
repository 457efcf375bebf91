using System.Numerics;
using System.Runtime.CompilerServices;

namespace Microsoft.ML.Vlm.Torch.Kernels;

/// <summary>The block scales of a row as products read them: as they lie where rows begin with a block, else put together, one for every thirty-two numbers.</summary>
internal readonly unsafe struct RowScales
{
    private const int Step = 32;

    private readonly int _each;

    /// <summary>Looks at a matrix.</summary>
    /// <param name="matrix">With or without blocks.</param>
    /// <param name="width">Numbers of a row that are read by vectors.</param>
    public RowScales(in MatrixRows matrix, long width)
    {
        if (matrix.BlockSize == 0 || width == 0)
        {
            IsStored = true;
            return;
        }
        bool isAligned = width % matrix.BlockSize == 0;
        _each = isAligned ? matrix.BlockSize : Step;
        PerRow = width / _each;
        Shift = BitOperations.Log2((uint)(_each / Step));
        IsStored = isAligned;
    }

    /// <summary>Whether the matrix has them in memory as they are needed.</summary>
    public bool IsStored { get; }

    /// <summary>Scales of a row.</summary>
    public long PerRow { get; }

    /// <summary>Scale number <c>(i / 32) >> Shift</c> is that of number i of the row.</summary>
    public int Shift { get; }

    /// <summary>Puts the scales of a row together.</summary>
    /// <param name="matrix">The matrix.</param>
    /// <param name="row">The row.</param>
    /// <param name="result">Written, <see cref="PerRow"/> of them.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public void Read(in MatrixRows matrix, long row, float* result)
    {
        long start = row * PerRow;
        int log = BitOperations.Log2((uint)(matrix.BlockSize / _each));
        for (long index = 0; index < PerRow; index++)
        {
            result[index] = matrix.Scales[(start + index) >> log];
        }
    }
}
