using Microsoft.ML.Vlm.Torch.Kernels;
using static TorchSharp.torch;

namespace Microsoft.ML.Vlm.Torch;

/// <summary>
/// The products of a low-rank update on tensors, without autograd; see <see cref="LowRankKernel"/>. Rows are float32 or bfloat16 and contiguous, the small matrices contiguous float32.
/// On other devices than the CPU they are torch's operations, which round the small matrices to the type of the rows, as PEFT under autocast does.
/// </summary>
internal static unsafe class LowRankProducts
{
    /// <summary>Whether these products may take the place of libtorch's: <see cref="KernelChoice.Applies"/> to the rows, and the matrices are float32 on the CPU, not recorded.</summary>
    public static bool Apply(Tensor rows, Tensor a, Tensor b)
        => rows.dim() == 2 && KernelChoice.Applies(rows) && a.dtype == ScalarType.Float32 && b.dtype == ScalarType.Float32
            && !(is_grad_enabled() && (a.requires_grad || b.requires_grad));

    /// <summary>Adds <c>scale * x Aᵀ Bᵀ</c> to an output.</summary>
    /// <param name="output"><c>[tokens, out]</c>, contiguous, changed.</param>
    /// <param name="input">x, <c>[tokens, in]</c>.</param>
    /// <param name="a"><c>[rank, in]</c>.</param>
    /// <param name="b"><c>[out, rank]</c>.</param>
    /// <param name="scale">Factor.</param>
    /// <returns><c>scale * x Aᵀ</c>, float32 <c>[tokens, rank]</c>.</returns>
    public static Tensor AddUpdate(Tensor output, Tensor input, Tensor a, Tensor b, double scale)
    {
        using Tensor rows = input.contiguous(), turned = b.t(), across = turned.contiguous();
        Tensor projected = Project(rows, a, scale);
        Add(output, projected, across);
        return projected;
    }

    /// <summary><c>scale * rows * matrixᵀ</c>, float32 <c>[tokens, rank]</c>.</summary>
    /// <param name="rows"><c>[tokens, width]</c>.</param>
    /// <param name="matrix"><c>[rank, width]</c>.</param>
    /// <param name="scale">Factor.</param>
    public static Tensor Project(Tensor rows, Tensor matrix, double scale)
    {
        if (!KernelChoice.Applies(rows))
        {
            return LowRankOperations.Project(rows, matrix, scale);
        }
        long tokens = rows.size(0), width = rows.size(1), rank = matrix.size(0);
        Tensor result = empty(tokens, rank);
        float* m = Pointer<float>(matrix), c = Pointer<float>(result);
        if (rows.dtype == ScalarType.Float32)
        {
            Float32Element* x = Pointer<Float32Element>(rows);
            RowWork.Run(tokens, width * rank, (first, end) => LowRankKernel.Project(x, m, c, width, rank, (float)scale, first, end));
        }
        else
        {
            BFloat16Element* x = Pointer<BFloat16Element>(rows);
            RowWork.Run(tokens, width * rank, (first, end) => LowRankKernel.Project(x, m, c, width, rank, (float)scale, first, end));
        }
        return result;
    }

    /// <summary>Adds <c>factors * matrix</c> to rows.</summary>
    /// <param name="rows"><c>[tokens, width]</c>, changed.</param>
    /// <param name="factors"><c>[tokens, rank]</c>.</param>
    /// <param name="matrix"><c>[rank, width]</c>.</param>
    public static void Add(Tensor rows, Tensor factors, Tensor matrix)
    {
        if (!KernelChoice.Applies(rows))
        {
            LowRankOperations.Add(rows, factors, matrix);
            return;
        }
        long tokens = rows.size(0), width = rows.size(1), rank = matrix.size(0);
        float* m = Pointer<float>(matrix), c = Pointer<float>(factors);
        if (rows.dtype == ScalarType.Float32)
        {
            Float32Element* y = Pointer<Float32Element>(rows);
            RowWork.Run(tokens, width * rank, (first, end) => LowRankKernel.Add(y, c, m, width, rank, first, end));
        }
        else
        {
            BFloat16Element* y = Pointer<BFloat16Element>(rows);
            RowWork.Run(tokens, width * rank, (first, end) => LowRankKernel.Add(y, c, m, width, rank, first, end));
        }
    }

    /// <summary><c>factorsᵀ * rows</c>, float32 <c>[rank, width]</c>.</summary>
    /// <param name="rows"><c>[tokens, width]</c>.</param>
    /// <param name="factors"><c>[tokens, rank]</c>.</param>
    public static Tensor Outer(Tensor rows, Tensor factors)
    {
        if (!KernelChoice.Applies(rows))
        {
            return LowRankOperations.Outer(rows, factors);
        }
        long tokens = rows.size(0), width = rows.size(1), rank = factors.size(1), vectors = (width + 15) / 16;
        Tensor result = empty(rank, width);
        float* c = Pointer<float>(factors), m = Pointer<float>(result);
        if (rows.dtype == ScalarType.Float32)
        {
            Float32Element* x = Pointer<Float32Element>(rows);
            RowWork.Run(vectors, 16 * tokens * rank, (first, end) => LowRankKernel.Outer(x, c, m, tokens, width, rank, first, end));
        }
        else
        {
            BFloat16Element* x = Pointer<BFloat16Element>(rows);
            RowWork.Run(vectors, 16 * tokens * rank, (first, end) => LowRankKernel.Outer(x, c, m, tokens, width, rank, first, end));
        }
        return result;
    }

    private static T* Pointer<T>(Tensor tensor)
        where T : unmanaged => (T*)TorchDispatcher.DataPointer(tensor);
}
