using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Microsoft.ML.Vlm.Torch.Kernels;

/// <summary>Activation functions, element by element: SwiGLU with its gradient, and GELU in place.</summary>
internal static unsafe class GatingKernel
{
    /// <summary>y = silu(g) u, with silu(g) = g / (1 + e^-g), for elements <paramref name="first"/> to <paramref name="end"/> (exclusive).</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void SwiGlu<T>(T* gate, T* up, T* y, long first, long end)
        where T : unmanaged, IElement<T>
    {
        long i = first;
        for (; i + 16 <= end; i += 16)
        {
            SwiGlu(gate + i, up + i, y + i, 16);
        }
        if (i < end)
        {
            SwiGlu(gate + i, up + i, y + i, end - i);
        }
    }

    /// <summary>With s = 1 / (1 + e^-g): du = d g s, dg = d u s (1 + g (1 - s)).</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void SwiGluBackward<T>(T* gate, T* up, T* gradient, T* gateGradient, T* upGradient, long first, long end)
        where T : unmanaged, IElement<T>
    {
        long i = first;
        for (; i + 16 <= end; i += 16)
        {
            SwiGluBackward(gate + i, up + i, gradient + i, gateGradient + i, upGradient + i, 16);
        }
        if (i < end)
        {
            SwiGluBackward(gate + i, up + i, gradient + i, gateGradient + i, upGradient + i, end - i);
        }
    }

    /// <summary>x becomes x / (1 + exp(-2 sqrt(2/π) (x + 0.044715 x³))): GELU in its tanh form (Hendrycks and Gimpel 2016).</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void GeluInPlace<T>(T* x, long first, long end)
        where T : unmanaged, IElement<T>
    {
        long i = first;
        for (; i + 16 <= end; i += 16)
        {
            Gelu(x + i, 16);
        }
        if (i < end)
        {
            Gelu(x + i, end - i);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void SwiGlu<T>(T* gate, T* up, T* y, long left)
        where T : unmanaged, IElement<T>
    {
        Vector512<float> g = Lanes<T>.Load(gate, left);
        Lanes<T>.Store(g * VectorMath.Sigmoid(g) * Lanes<T>.Load(up, left), y, left);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void SwiGluBackward<T>(T* gate, T* up, T* gradient, T* gateGradient, T* upGradient, long left)
        where T : unmanaged, IElement<T>
    {
        Vector512<float> g = Lanes<T>.Load(gate, left), u = Lanes<T>.Load(up, left), d = Lanes<T>.Load(gradient, left);
        Vector512<float> s = VectorMath.Sigmoid(g), ds = d * s;
        Lanes<T>.Store(ds * g, upGradient, left);
        Lanes<T>.Store(ds * u * Vector512.FusedMultiplyAdd(g, Vector512<float>.One - s, Vector512<float>.One), gateGradient, left);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Gelu<T>(T* x, long left)
        where T : unmanaged, IElement<T>
    {
        Vector512<float> v = Lanes<T>.Load(x, left);
        Vector512<float> inner = Vector512.FusedMultiplyAdd(v * v * v, Vector512.Create(0.044715f), v) * Vector512.Create(1.5957691216057308f);
        Lanes<T>.Store(v * VectorMath.Sigmoid(inner), x, left);
    }
}
