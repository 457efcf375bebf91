using Microsoft.ML.Vlm.Torch.Kernels;
using static TorchSharp.torch;

namespace Microsoft.ML.Vlm.Torch;

/// <summary>
/// The kernels on tensors. All of them ask for tensors that <see cref="KernelChoice.Applies"/> accepts; results are new, contiguous tensors of the caller's scope
/// unless the name says that they replace the input.
/// </summary>
internal static unsafe class VectorKernels
{
    /// <summary>Root-mean-square normalization of the last dimension; see <see cref="RmsNormKernel"/>.</summary>
    public static Tensor RmsNorm(Tensor input, Tensor weight, double epsilon)
    {
        using Tensor x = input.contiguous(), w = weight.contiguous();
        Tensor y = empty_like(x);
        long width = x.size(-1);
        if (x.dtype == ScalarType.Float32)
        {
            Float32Element* from = Pointer<Float32Element>(x), scale = Pointer<Float32Element>(w), to = Pointer<Float32Element>(y);
            RowWork.Run(x.numel() / width, width, (first, end) => RmsNormKernel.Forward(from, scale, to, width, (float)epsilon, first, end));
        }
        else
        {
            BFloat16Element* from = Pointer<BFloat16Element>(x), scale = Pointer<BFloat16Element>(w), to = Pointer<BFloat16Element>(y);
            RowWork.Run(x.numel() / width, width, (first, end) => RmsNormKernel.Forward(from, scale, to, width, (float)epsilon, first, end));
        }
        return y;
    }

    /// <summary>Gradient of <see cref="RmsNorm"/> by its input.</summary>
    public static Tensor RmsNormBackward(Tensor input, Tensor weight, double epsilon, Tensor gradient)
    {
        using Tensor x = input.contiguous(), w = weight.contiguous(), g = gradient.contiguous();
        Tensor y = empty_like(x);
        long width = x.size(-1);
        if (x.dtype == ScalarType.Float32)
        {
            Float32Element* from = Pointer<Float32Element>(x), scale = Pointer<Float32Element>(w), above = Pointer<Float32Element>(g), to = Pointer<Float32Element>(y);
            RowWork.Run(x.numel() / width, width, (first, end) => RmsNormKernel.Backward(from, scale, above, to, width, (float)epsilon, first, end));
        }
        else
        {
            BFloat16Element* from = Pointer<BFloat16Element>(x), scale = Pointer<BFloat16Element>(w), above = Pointer<BFloat16Element>(g), to = Pointer<BFloat16Element>(y);
            RowWork.Run(x.numel() / width, width, (first, end) => RmsNormKernel.Backward(from, scale, above, to, width, (float)epsilon, first, end));
        }
        return y;
    }

    /// <summary>Rotary positions; see <see cref="RotaryKernel"/>.</summary>
    /// <param name="heads"><c>[tokens, heads, head size]</c>.</param>
    /// <param name="cosine"><c>[tokens, 1, head size]</c>.</param>
    /// <param name="sine">As <paramref name="cosine"/>.</param>
    /// <param name="isBackward">Turns back: the gradient.</param>
    public static Tensor Rotate(Tensor heads, Tensor cosine, Tensor sine, bool isBackward = false)
    {
        using Tensor x = heads.contiguous();
        Tensor y = empty_like(x);
        long count = x.size(1), half = x.size(2) / 2;
        float direction = isBackward ? -1 : 1;
        if (x.dtype == ScalarType.Float32)
        {
            Float32Element* from = Pointer<Float32Element>(x), cos = Pointer<Float32Element>(cosine), sin = Pointer<Float32Element>(sine), to = Pointer<Float32Element>(y);
            RowWork.Run(x.size(0), count * half * 2, (first, end) => RotaryKernel.Turn(from, cos, sin, to, count, half, direction, first, end));
        }
        else
        {
            BFloat16Element* from = Pointer<BFloat16Element>(x), cos = Pointer<BFloat16Element>(cosine), sin = Pointer<BFloat16Element>(sine), to = Pointer<BFloat16Element>(y);
            RowWork.Run(x.size(0), count * half * 2, (first, end) => RotaryKernel.Turn(from, cos, sin, to, count, half, direction, first, end));
        }
        return y;
    }

    /// <summary>silu(gate) * up; both contiguous.</summary>
    public static Tensor SwiGlu(Tensor gate, Tensor up)
    {
        Tensor y = empty_like(gate);
        if (gate.dtype == ScalarType.Float32)
        {
            Float32Element* g = Pointer<Float32Element>(gate), u = Pointer<Float32Element>(up), to = Pointer<Float32Element>(y);
            RowWork.Run(gate.numel(), 1, (first, end) => GatingKernel.SwiGlu(g, u, to, first, end));
        }
        else
        {
            BFloat16Element* g = Pointer<BFloat16Element>(gate), u = Pointer<BFloat16Element>(up), to = Pointer<BFloat16Element>(y);
            RowWork.Run(gate.numel(), 1, (first, end) => GatingKernel.SwiGlu(g, u, to, first, end));
        }
        return y;
    }

    /// <summary>Gradients of <see cref="SwiGlu"/> by gate and up; all contiguous.</summary>
    public static (Tensor Gate, Tensor Up) SwiGluBackward(Tensor gate, Tensor up, Tensor gradient)
    {
        Tensor gateGradient = empty_like(gate), upGradient = empty_like(up);
        if (gate.dtype == ScalarType.Float32)
        {
            Float32Element* g = Pointer<Float32Element>(gate), u = Pointer<Float32Element>(up), d = Pointer<Float32Element>(gradient);
            Float32Element* dg = Pointer<Float32Element>(gateGradient), du = Pointer<Float32Element>(upGradient);
            RowWork.Run(gate.numel(), 1, (first, end) => GatingKernel.SwiGluBackward(g, u, d, dg, du, first, end));
        }
        else
        {
            BFloat16Element* g = Pointer<BFloat16Element>(gate), u = Pointer<BFloat16Element>(up), d = Pointer<BFloat16Element>(gradient);
            BFloat16Element* dg = Pointer<BFloat16Element>(gateGradient), du = Pointer<BFloat16Element>(upGradient);
            RowWork.Run(gate.numel(), 1, (first, end) => GatingKernel.SwiGluBackward(g, u, d, dg, du, first, end));
        }
        return (gateGradient, upGradient);
    }

    /// <summary>GELU in its tanh form replaces a contiguous tensor.</summary>
    public static void GeluInPlace(Tensor tensor)
    {
        if (tensor.dtype == ScalarType.Float32)
        {
            Float32Element* x = Pointer<Float32Element>(tensor);
            RowWork.Run(tensor.numel(), 1, (first, end) => GatingKernel.GeluInPlace(x, first, end));
        }
        else
        {
            BFloat16Element* x = Pointer<BFloat16Element>(tensor);
            RowWork.Run(tensor.numel(), 1, (first, end) => GatingKernel.GeluInPlace(x, first, end));
        }
    }

    /// <summary>The softmax of a contiguous tensor's rows, times <paramref name="scale"/>, replaces it.</summary>
    public static void SoftmaxInPlace(Tensor tensor, double scale)
    {
        long width = tensor.size(-1);
        if (tensor.dtype == ScalarType.Float32)
        {
            Float32Element* x = Pointer<Float32Element>(tensor);
            RowWork.Run(tensor.numel() / width, width, (first, end) => SoftmaxKernel.InPlace(x, width, (float)scale, first, end));
        }
        else
        {
            BFloat16Element* x = Pointer<BFloat16Element>(tensor);
            RowWork.Run(tensor.numel() / width, width, (first, end) => SoftmaxKernel.InPlace(x, width, (float)scale, first, end));
        }
    }

    /// <summary>Cross entropy of rows of logits, which their gradient replaces; see <see cref="CrossEntropyKernel"/>.</summary>
    /// <param name="logits">Contiguous <c>[rows, vocabulary]</c>.</param>
    /// <param name="targets">int64 <c>[rows]</c>, on the CPU.</param>
    /// <param name="divisor">What the gradient is divided by.</param>
    /// <returns>Sums over the rows, the loss not divided.</returns>
    public static (double Loss, double Entropy, long Correct) CrossEntropyInPlace(Tensor logits, Tensor targets, double divisor)
    {
        using Tensor wanted = targets.contiguous();
        long rows = logits.size(0), width = logits.size(1);
        long* targetOf = Pointer<long>(wanted);
        double[] losses = new double[rows], entropies = new double[rows];
        bool[] correct = new bool[rows];
        float scale = (float)(1 / divisor);
        if (logits.dtype == ScalarType.Float32)
        {
            Float32Element* z = Pointer<Float32Element>(logits);
            RowWork.Run(rows, width, (first, end) => Rows(z, first, end));
        }
        else
        {
            BFloat16Element* z = Pointer<BFloat16Element>(logits);
            RowWork.Run(rows, width, (first, end) => Rows(z, first, end));
        }
        return (losses.Sum(), entropies.Sum(), correct.LongCount(isCorrect => isCorrect));

        void Rows<T>(T* z, long first, long end)
            where T : unmanaged, IElement<T>
        {
            for (long row = first; row < end; row++)
            {
                long target = targetOf[row];
                ArgumentOutOfRangeException.ThrowIfNegative(target, nameof(targets));
                ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(target, width, nameof(targets));
                losses[row] = CrossEntropyKernel.Row(z + (row * width), width, target, scale, out entropies[row], out correct[row]);
            }
        }
    }

    private static T* Pointer<T>(Tensor tensor)
        where T : unmanaged => (T*)TorchDispatcher.DataPointer(tensor);
}
