using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Microsoft.ML.Vlm.Torch.Kernels;

/// <summary>Products of tall matrices with a few rows or columns, which general matrix products are slow at. The small side is float32.</summary>
/// <remarks>Eight ranks are computed at once; ranks beyond the last repeat it, and what they give is dropped or multiplied by 0.</remarks>
internal static unsafe class LowRankKernel
{
    private const int Ranks = 8;

    /// <summary>c = scale x mᵀ for tokens <paramref name="first"/> to <paramref name="end"/> (exclusive).</summary>
    /// <param name="x"><c>[tokens, width]</c>.</param>
    /// <param name="m"><c>[rank, width]</c>.</param>
    /// <param name="c"><c>[tokens, rank]</c>.</param>
    /// <param name="width">Columns.</param>
    /// <param name="rank">Rows of <paramref name="m"/>.</param>
    /// <param name="scale">Factor.</param>
    /// <param name="first">First token.</param>
    /// <param name="end">Token behind the last.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Project<T>(T* x, float* m, float* c, long width, long rank, float scale, long first, long end)
        where T : unmanaged, IElement<T>
    {
        long whole = width & ~15L;
        float* sums = stackalloc float[Ranks];
        for (long token = first; token < end; token++)
        {
            T* row = x + (token * width);
            for (long r = 0; r < rank; r += Ranks)
            {
                Float32Element* m0 = Row(m, r, rank, width), m1 = Row(m, r + 1, rank, width), m2 = Row(m, r + 2, rank, width), m3 = Row(m, r + 3, rank, width);
                Float32Element* m4 = Row(m, r + 4, rank, width), m5 = Row(m, r + 5, rank, width), m6 = Row(m, r + 6, rank, width), m7 = Row(m, r + 7, rank, width);
                Vector512<float> s0 = Vector512<float>.Zero, s1 = s0, s2 = s0, s3 = s0, s4 = s0, s5 = s0, s6 = s0, s7 = s0;
                for (long i = 0; i < whole; i += 16)
                {
                    Vector512<float> v = T.Load(row + i);
                    s0 = Vector512.FusedMultiplyAdd(v, Float32Element.Load(m0 + i), s0);
                    s1 = Vector512.FusedMultiplyAdd(v, Float32Element.Load(m1 + i), s1);
                    s2 = Vector512.FusedMultiplyAdd(v, Float32Element.Load(m2 + i), s2);
                    s3 = Vector512.FusedMultiplyAdd(v, Float32Element.Load(m3 + i), s3);
                    s4 = Vector512.FusedMultiplyAdd(v, Float32Element.Load(m4 + i), s4);
                    s5 = Vector512.FusedMultiplyAdd(v, Float32Element.Load(m5 + i), s5);
                    s6 = Vector512.FusedMultiplyAdd(v, Float32Element.Load(m6 + i), s6);
                    s7 = Vector512.FusedMultiplyAdd(v, Float32Element.Load(m7 + i), s7);
                }
                (sums[0], sums[1], sums[2], sums[3]) = (Vector512.Sum(s0), Vector512.Sum(s1), Vector512.Sum(s2), Vector512.Sum(s3));
                (sums[4], sums[5], sums[6], sums[7]) = (Vector512.Sum(s4), Vector512.Sum(s5), Vector512.Sum(s6), Vector512.Sum(s7));

                Vector512<float> rest = whole < width ? Lanes<T>.Load(row + whole, width - whole) : Vector512<float>.Zero;
                for (long k = 0; k < Math.Min(Ranks, rank - r); k++)
                {
                    float tail = whole < width ? Vector512.Sum(rest * Lanes<Float32Element>.Load(Row(m, r + k, rank, width) + whole, width - whole)) : 0;
                    c[(token * rank) + r + k] = scale * (sums[k] + tail);
                }
            }
        }
    }

    /// <summary>y += c m for tokens <paramref name="first"/> to <paramref name="end"/> (exclusive); shapes as in <see cref="Project"/>.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Add<T>(T* y, float* c, float* m, long width, long rank, long first, long end)
        where T : unmanaged, IElement<T>
    {
        long whole = width & ~15L;
        for (long token = first; token < end; token++)
        {
            T* row = y + (token * width);
            float* factors = c + (token * rank);
            for (long r = 0; r < rank; r += Ranks)
            {
                Float32Element* m0 = Row(m, r, rank, width), m1 = Row(m, r + 1, rank, width), m2 = Row(m, r + 2, rank, width), m3 = Row(m, r + 3, rank, width);
                Float32Element* m4 = Row(m, r + 4, rank, width), m5 = Row(m, r + 5, rank, width), m6 = Row(m, r + 6, rank, width), m7 = Row(m, r + 7, rank, width);
                Vector512<float> f0 = Factor(factors, r, rank), f1 = Factor(factors, r + 1, rank), f2 = Factor(factors, r + 2, rank), f3 = Factor(factors, r + 3, rank);
                Vector512<float> f4 = Factor(factors, r + 4, rank), f5 = Factor(factors, r + 5, rank), f6 = Factor(factors, r + 6, rank), f7 = Factor(factors, r + 7, rank);
                for (long i = 0; i < whole; i += 16)
                {
                    Vector512<float> even = Vector512.FusedMultiplyAdd(f0, Float32Element.Load(m0 + i), T.Load(row + i)), odd = f1 * Float32Element.Load(m1 + i);
                    even = Vector512.FusedMultiplyAdd(f2, Float32Element.Load(m2 + i), even);
                    odd = Vector512.FusedMultiplyAdd(f3, Float32Element.Load(m3 + i), odd);
                    even = Vector512.FusedMultiplyAdd(f4, Float32Element.Load(m4 + i), even);
                    odd = Vector512.FusedMultiplyAdd(f5, Float32Element.Load(m5 + i), odd);
                    even = Vector512.FusedMultiplyAdd(f6, Float32Element.Load(m6 + i), even);
                    odd = Vector512.FusedMultiplyAdd(f7, Float32Element.Load(m7 + i), odd);
                    T.Store(even + odd, row + i);
                }
                if (whole < width)
                {
                    Vector512<float> sum = Lanes<T>.Load(row + whole, width - whole);
                    for (long k = r; k < Math.Min(r + Ranks, rank); k++)
                    {
                        sum = Vector512.FusedMultiplyAdd(Vector512.Create(factors[k]), Lanes<Float32Element>.Load(Row(m, k, rank, width) + whole, width - whole), sum);
                    }
                    Lanes<T>.Store(sum, row + whole, width - whole);
                }
            }
        }
    }

    /// <summary>m = cᵀ x for vectors <paramref name="first"/> to <paramref name="end"/> (exclusive) of sixteen columns; shapes as in <see cref="Project"/>.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Outer<T>(T* x, float* c, float* m, long tokens, long width, long rank, long first, long end)
        where T : unmanaged, IElement<T>
    {
        for (long i = first * 16; i < Math.Min(width, end * 16); i += 16)
        {
            bool isWhole = width - i >= 16;
            for (long r = 0; r < rank; r += Ranks)
            {
                long last = rank - r - 1, k1 = Math.Min(1, last), k2 = Math.Min(2, last), k3 = Math.Min(3, last), k4 = Math.Min(4, last), k5 = Math.Min(5, last), k6 = Math.Min(6, last), k7 = Math.Min(7, last);
                Vector512<float> s0 = Vector512<float>.Zero, s1 = s0, s2 = s0, s3 = s0, s4 = s0, s5 = s0, s6 = s0, s7 = s0;
                float* f = c + r;
                T* column = x + i;
                for (long token = 0; token < tokens; token++, f += rank, column += width)
                {
                    Vector512<float> v = isWhole ? T.Load(column) : Lanes<T>.Load(column, width - i);
                    s0 = Vector512.FusedMultiplyAdd(v, Vector512.Create(f[0]), s0);
                    s1 = Vector512.FusedMultiplyAdd(v, Vector512.Create(f[k1]), s1);
                    s2 = Vector512.FusedMultiplyAdd(v, Vector512.Create(f[k2]), s2);
                    s3 = Vector512.FusedMultiplyAdd(v, Vector512.Create(f[k3]), s3);
                    s4 = Vector512.FusedMultiplyAdd(v, Vector512.Create(f[k4]), s4);
                    s5 = Vector512.FusedMultiplyAdd(v, Vector512.Create(f[k5]), s5);
                    s6 = Vector512.FusedMultiplyAdd(v, Vector512.Create(f[k6]), s6);
                    s7 = Vector512.FusedMultiplyAdd(v, Vector512.Create(f[k7]), s7);
                }

                // Repeated ranks write the same sums to the same place.
                Lanes<Float32Element>.Store(s7, Row(m, r + k7, rank, width) + i, width - i);
                Lanes<Float32Element>.Store(s6, Row(m, r + k6, rank, width) + i, width - i);
                Lanes<Float32Element>.Store(s5, Row(m, r + k5, rank, width) + i, width - i);
                Lanes<Float32Element>.Store(s4, Row(m, r + k4, rank, width) + i, width - i);
                Lanes<Float32Element>.Store(s3, Row(m, r + k3, rank, width) + i, width - i);
                Lanes<Float32Element>.Store(s2, Row(m, r + k2, rank, width) + i, width - i);
                Lanes<Float32Element>.Store(s1, Row(m, r + k1, rank, width) + i, width - i);
                Lanes<Float32Element>.Store(s0, Row(m, r, rank, width) + i, width - i);
            }
        }
    }

    /// <summary>y += c m for columns <paramref name="first"/> to <paramref name="end"/> (exclusive) of a single row.</summary>
    /// <param name="y"><c>[width]</c>.</param>
    /// <param name="c"><c>[rank]</c>.</param>
    /// <param name="m"><c>[rank, width]</c>.</param>
    /// <param name="width">Columns.</param>
    /// <param name="rank">Rows of <paramref name="m"/>.</param>
    /// <param name="first">First column.</param>
    /// <param name="end">Column behind the last.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void AddColumns(float* y, float* c, float* m, long width, long rank, long first, long end)
    {
        long i = first;
        for (; i + 16 <= end; i += 16)
        {
            Vector512<float> sum = Vector512.Load(y + i);
            for (long r = 0; r < rank; r++)
            {
                sum = Vector512.FusedMultiplyAdd(Vector512.Create(c[r]), Vector512.Load(m + (r * width) + i), sum);
            }
            sum.Store(y + i);
        }
        for (; i < end; i++)
        {
            float sum = y[i];
            for (long r = 0; r < rank; r++)
            {
                sum = MathF.FusedMultiplyAdd(c[r], m[(r * width) + i], sum);
            }
            y[i] = sum;
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Float32Element* Row(float* m, long row, long rank, long width) => (Float32Element*)(m + (Math.Min(row, rank - 1) * width));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<float> Factor(float* factors, long rank, long ranks) => Vector512.Create(rank < ranks ? factors[rank] : 0);
}
