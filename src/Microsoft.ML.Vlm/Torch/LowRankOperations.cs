using static TorchSharp.torch;

namespace Microsoft.ML.Vlm.Torch;

/// <summary>The products of <see cref="LowRankProducts"/> by torch's operations, for every device: sums in float32, their results rounded to the type of the rows.</summary>
internal static class LowRankOperations
{
    /// <summary><c>scale * rows * matrixᵀ</c>, float32 <c>[tokens, rank]</c>.</summary>
    public static Tensor Project(Tensor rows, Tensor matrix, double scale)
    {
        using var scope = NewDisposeScope();
        return rows.mm(matrix.to(rows.dtype).t()).to(ScalarType.Float32).mul_(scale).MoveToOuterDisposeScope();
    }

    /// <summary>Adds <c>factors * matrix</c> to rows.</summary>
    public static void Add(Tensor rows, Tensor factors, Tensor matrix)
    {
        using var scope = NewDisposeScope();
        rows.addmm_(factors.to(rows.dtype), matrix.to(rows.dtype), 1, 1);
    }

    /// <summary><c>factorsᵀ * rows</c>, float32 <c>[rank, width]</c>.</summary>
    public static Tensor Outer(Tensor rows, Tensor factors)
    {
        using var scope = NewDisposeScope();
        return factors.to(rows.dtype).t().mm(rows).to(ScalarType.Float32).MoveToOuterDisposeScope();
    }
}
