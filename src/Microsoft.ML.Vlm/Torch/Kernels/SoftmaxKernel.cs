using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Microsoft.ML.Vlm.Torch.Kernels;

/// <summary>Softmax of rows in place.</summary>
internal static unsafe class SoftmaxKernel
{
    /// <summary>x becomes softmax(scale x), row by row.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void InPlace<T>(T* x, long width, float scale, long first, long end)
        where T : unmanaged, IElement<T>
    {
        Vector512<float> factor = Vector512.Create(scale);
        for (long row = first; row < end; row++)
        {
            T* values = x + (row * width);
            Vector512<float> offset = Vector512.Create(-Greatest(Peak(values, width)) * scale), sum = Vector512<float>.Zero;
            long i = 0;
            for (; i + 16 <= width; i += 16)
            {
                sum += Power(values + i, factor, offset, 16);
            }
            if (i < width)
            {
                sum += Power(values + i, factor, offset, width - i);
            }

            Vector512<float> inverse = Vector512.Create(1 / Vector512.Sum(sum));
            for (i = 0; i + 16 <= width; i += 16)
            {
                T.Store(T.Load(values + i) * inverse, values + i);
            }
            if (i < width)
            {
                Lanes<T>.Store(Lanes<T>.Load(values + i, width - i) * inverse, values + i, width - i);
            }
        }
    }

    /// <summary>The natural logarithm of the sum of the exponentials of a row.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static float LogTotal(float* x, long width)
    {
        Float32Element* values = (Float32Element*)x;
        float greatest = Greatest(Peak(values, width));
        Vector512<float> offset = Vector512.Create(greatest), sum = Vector512<float>.Zero;
        for (long i = 0; i < width; i += 16)
        {
            sum += VectorMath.Exp(Lanes<Float32Element>.Load(values + i, width - i, float.NegativeInfinity) - offset);
        }
        return greatest + MathF.Log(Vector512.Sum(sum));
    }

    /// <summary>The greatest value of a row; not a number when one of them is none.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static float Largest(float* x, long width)
    {
        Float32Element* values = (Float32Element*)x;
        Vector512<float> greatest = Vector512.Create(float.NegativeInfinity), isNumber = Vector512<float>.AllBitsSet;
        for (long i = 0; i < width; i += 16)
        {
            Vector512<float> some = Lanes<Float32Element>.Load(values + i, width - i, float.NegativeInfinity);
            greatest = Vector512.MaxNative(greatest, some);
            isNumber &= Vector512.Equals(some, some);
        }
        return Vector512.EqualsAll(isNumber.AsUInt32(), Vector512<uint>.AllBitsSet) ? Greatest(greatest) : float.NaN;
    }

    /// <summary>The greatest values of a row, sixteen columns apart.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> Peak<T>(T* values, long width)
        where T : unmanaged, IElement<T>
    {
        Vector512<float> greatest = Vector512.Create(float.NegativeInfinity);
        long i = 0;
        for (; i + 16 <= width; i += 16)
        {
            greatest = Vector512.MaxNative(greatest, T.Load(values + i));
        }
        return i < width ? Vector512.MaxNative(greatest, Lanes<T>.Load(values + i, width - i, float.NegativeInfinity)) : greatest;
    }

    /// <summary>The greatest of sixteen values.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float Greatest(Vector512<float> values)
    {
        Vector256<float> eight = Vector256.Max(values.GetLower(), values.GetUpper());
        Vector128<float> four = Vector128.Max(eight.GetLower(), eight.GetUpper());
        return MathF.Max(MathF.Max(four[0], four[1]), MathF.Max(four[2], four[3]));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<float> Power<T>(T* values, Vector512<float> factor, Vector512<float> offset, long left)
        where T : unmanaged, IElement<T>
    {
        Vector512<float> power = VectorMath.Exp(Vector512.FusedMultiplyAdd(Lanes<T>.Load(values, left, float.NegativeInfinity), factor, offset));
        Lanes<T>.Store(power, values, left);
        return power;
    }
}
