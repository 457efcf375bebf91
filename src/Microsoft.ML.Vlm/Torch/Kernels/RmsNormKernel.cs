using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Microsoft.ML.Vlm.Torch.Kernels;

/// <summary>Root-mean-square normalization of rows, y = w * round(x / rms(x)), and its gradient by x.</summary>
internal static unsafe class RmsNormKernel
{
    /// <summary>Normalizes rows <paramref name="first"/> to <paramref name="end"/> (exclusive).</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Forward<T>(T* x, T* weight, T* y, long width, float epsilon, long first, long end)
        where T : unmanaged, IElement<T>
    {
        for (long row = first; row < end; row++)
        {
            T* source = x + (row * width), destination = y + (row * width);
            Vector512<float> inverse = Vector512.Create(InverseRms(source, width, epsilon));
            long i = 0;
            for (; i + 16 <= width; i += 16)
            {
                Scale(source + i, weight + i, destination + i, inverse, 16);
            }
            if (i < width)
            {
                Scale(source + i, weight + i, destination + i, inverse, width - i);
            }
        }
    }

    /// <summary>dx = (w g - x̂ mean(w g x̂)) / rms(x) with x̂ = x / rms(x), for rows <paramref name="first"/> to <paramref name="end"/> (exclusive).</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Backward<T>(T* x, T* weight, T* gradient, T* result, long width, float epsilon, long first, long end)
        where T : unmanaged, IElement<T>
    {
        for (long row = first; row < end; row++)
        {
            T* source = x + (row * width), above = gradient + (row * width), destination = result + (row * width);
            float inverse = InverseRms(source, width, epsilon);
            Vector512<float> dot = Vector512<float>.Zero;
            long i = 0;
            for (; i + 16 <= width; i += 16)
            {
                dot = Dot(source + i, weight + i, above + i, dot, 16);
            }
            if (i < width)
            {
                dot = Dot(source + i, weight + i, above + i, dot, width - i);
            }

            Vector512<float> scale = Vector512.Create(inverse), pull = Vector512.Create(-Vector512.Sum(dot) * inverse * inverse / width);
            i = 0;
            for (; i + 16 <= width; i += 16)
            {
                Pull(source + i, weight + i, above + i, destination + i, pull, scale, 16);
            }
            if (i < width)
            {
                Pull(source + i, weight + i, above + i, destination + i, pull, scale, width - i);
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Scale<T>(T* x, T* weight, T* y, Vector512<float> inverse, long left)
        where T : unmanaged, IElement<T>
        => Lanes<T>.Store(T.Round(Lanes<T>.Load(x, left) * inverse) * Lanes<T>.Load(weight, left), y, left);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<float> Dot<T>(T* x, T* weight, T* gradient, Vector512<float> sum, long left)
        where T : unmanaged, IElement<T>
        => Vector512.FusedMultiplyAdd(Lanes<T>.Load(x, left), Lanes<T>.Load(weight, left) * Lanes<T>.Load(gradient, left), sum);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Pull<T>(T* x, T* weight, T* gradient, T* result, Vector512<float> pull, Vector512<float> scale, long left)
        where T : unmanaged, IElement<T>
        => Lanes<T>.Store(Dot(x, pull, Lanes<T>.Load(weight, left) * Lanes<T>.Load(gradient, left), left) * scale, result, left);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<float> Dot<T>(T* x, Vector512<float> factor, Vector512<float> sum, long left)
        where T : unmanaged, IElement<T>
        => Vector512.FusedMultiplyAdd(Lanes<T>.Load(x, left), factor, sum);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static float InverseRms<T>(T* source, long width, float epsilon)
        where T : unmanaged, IElement<T>
    {
        Vector512<float> squares = Vector512<float>.Zero;
        long i = 0;
        for (; i + 16 <= width; i += 16)
        {
            Vector512<float> values = T.Load(source + i);
            squares = Vector512.FusedMultiplyAdd(values, values, squares);
        }
        if (i < width)
        {
            Vector512<float> values = Lanes<T>.Load(source + i, width - i);
            squares = Vector512.FusedMultiplyAdd(values, values, squares);
        }
        return 1 / MathF.Sqrt((Vector512.Sum(squares) / width) + epsilon);
    }
}
