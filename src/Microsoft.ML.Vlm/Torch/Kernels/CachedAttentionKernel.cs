using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Microsoft.ML.Vlm.Torch.Kernels;

/// <summary>Attention of a single query over cached keys and values: softmax(q Kᵀ scale) V.</summary>
internal static unsafe class CachedAttentionKernel
{
    /// <summary>Attends.</summary>
    /// <param name="query"><c>[width]</c>, positions applied.</param>
    /// <param name="keys"><c>[tokens, width]</c>, positions applied.</param>
    /// <param name="values"><c>[tokens, width]</c>.</param>
    /// <param name="weights">Room for <c>[tokens]</c>.</param>
    /// <param name="result">Written, <c>[width]</c>.</param>
    /// <param name="tokens">At least 1.</param>
    /// <param name="width">Width of a head.</param>
    /// <param name="scale">Factor of the products.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Attend<T>(float* query, T* keys, T* values, float* weights, float* result, long tokens, long width, float scale)
        where T : unmanaged, IElement<T>
    {
        long whole = width & ~15L;
        for (long token = 0; token < tokens; token++)
        {
            T* key = keys + (token * width);
            Vector512<float> sum = Vector512<float>.Zero;
            for (long i = 0; i < whole; i += 16)
            {
                sum = Vector512.FusedMultiplyAdd(Vector512.Load(query + i), T.Load(key + i), sum);
            }
            if (whole < width)
            {
                sum = Vector512.FusedMultiplyAdd(Lanes<Float32Element>.Load((Float32Element*)query + whole, width - whole), Lanes<T>.Load(key + whole, width - whole), sum);
            }
            weights[token] = Vector512.Sum(sum);
        }
        SoftmaxKernel.InPlace((Float32Element*)weights, tokens, scale, 0, 1);

        long column = 0;
        for (; column + 64 <= width; column += 64)
        {
            Vector512<float> s0 = Vector512<float>.Zero, s1 = s0, s2 = s0, s3 = s0;
            T* value = values + column;
            for (long token = 0; token < tokens; token++, value += width)
            {
                Vector512<float> weight = Vector512.Create(weights[token]);
                s0 = Vector512.FusedMultiplyAdd(weight, T.Load(value), s0);
                s1 = Vector512.FusedMultiplyAdd(weight, T.Load(value + 16), s1);
                s2 = Vector512.FusedMultiplyAdd(weight, T.Load(value + 32), s2);
                s3 = Vector512.FusedMultiplyAdd(weight, T.Load(value + 48), s3);
            }
            s0.Store(result + column);
            s1.Store(result + column + 16);
            s2.Store(result + column + 32);
            s3.Store(result + column + 48);
        }
        for (; column < width; column += 16)
        {
            Vector512<float> sum = Vector512<float>.Zero;
            T* value = values + column;
            for (long token = 0; token < tokens; token++, value += width)
            {
                sum = Vector512.FusedMultiplyAdd(Vector512.Create(weights[token]), Lanes<T>.Load(value, width - column), sum);
            }
            Lanes<Float32Element>.Store(sum, (Float32Element*)result + column, width - column);
        }
    }
}
