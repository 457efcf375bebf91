using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Microsoft.ML.Vlm.Torch.Kernels;

/// <summary>
/// <c>y = W x</c> for one vector or some, reading the matrix once: what decoding a token consists of. Sums are in float32, in an order that depends neither on the number of vectors
/// nor on how rows are spread over threads.
/// </summary>
internal static unsafe class MatrixVectorKernel
{
    /// <summary>Most vectors that one call multiplies.</summary>
    public const int MostVectors = 4;

    /// <summary>The widest matrix: scales of a row lie on the stack.</summary>
    public const long MostColumns = 1 << 17;

    private const int Step = 32;
    private const int ShiftOfStep = 5;

    /// <summary>Puts a vector into the order in which a format's numbers come.</summary>
    /// <param name="x">Numbers.</param>
    /// <param name="arranged">Written; not <paramref name="x"/> itself when interleaved.</param>
    /// <param name="width">How many.</param>
    /// <param name="isInterleaved">As the format says.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Arrange(float* x, float* arranged, long width, bool isInterleaved)
    {
        if (!isInterleaved)
        {
            Unsafe.CopyBlockUnaligned(arranged, x, checked((uint)(width * sizeof(float))));
            return;
        }
        long index = 0;
        for (; index + Step <= width; index += Step)
        {
            for (int pair = 0; pair < Step / 2; pair++)
            {
                arranged[index + pair] = x[index + (2 * pair)];
                arranged[index + (Step / 2) + pair] = x[index + (2 * pair) + 1];
            }
        }
        for (; index < width; index++)
        {
            arranged[index] = x[index];
        }
    }

    /// <summary>Whether vectors are wanted in the order that the format's <see cref="IMatrixFormat.IsInterleaved"/> names, for matrices of a certain width.</summary>
    public static bool WantsInterleaved<TFormat>(long width)
        where TFormat : struct, IMatrixFormat => TFormat.IsInterleaved && !IsReadNumberByNumber<TFormat>(width);

    /// <summary>Multiplies rows <paramref name="first"/> to <paramref name="end"/> (exclusive).</summary>
    /// <param name="matrix">The matrix; at most <see cref="MostColumns"/> columns.</param>
    /// <param name="x">Vectors as <see cref="Arrange"/> leaves them.</param>
    /// <param name="stride">Numbers from one of them to the next.</param>
    /// <param name="y">Results, one vector behind the other.</param>
    /// <param name="yStride">Numbers from one of them to the next.</param>
    /// <param name="vectors">1 to <see cref="MostVectors"/>.</param>
    /// <param name="first">First row.</param>
    /// <param name="end">Row behind the last.</param>
    public static void Multiply<TFormat>(in MatrixRows matrix, float* x, long stride, float* y, long yStride, int vectors, long first, long end)
        where TFormat : struct, IMatrixFormat
    {
        long width = matrix.Width, whole = IsReadNumberByNumber<TFormat>(width) ? 0 : width & ~(Step - 1L);
        if (vectors == 1)
        {
            One<TFormat>(matrix, x, y, whole, first, end);
        }
        else
        {
            Some<TFormat>(matrix, x, stride, y, yStride, vectors, whole, first, end);
        }
        if (whole == width && matrix.RowScales is null)
        {
            return;
        }
        for (int vector = 0; vector < vectors; vector++)
        {
            float* result = y + (vector * yStride);
            for (long row = first; row < end; row++)
            {
                float sum = whole == width ? result[row] : result[row] + Rest<TFormat>(matrix, row, x + (vector * stride), whole);
                result[row] = matrix.RowScales is null ? sum : sum * (matrix.RowScales[row] / matrix.ScaleDivisor);
            }
        }
    }

    // Rows of 4-bit codes that do not begin at a multiple of 32.
    private static bool IsReadNumberByNumber<TFormat>(long width)
        where TFormat : struct, IMatrixFormat => TFormat.HasBlockScales && width % Step != 0;

    // Two rows at a time read the vector once. They are half the rows apart: the processor follows two long streams, but not two short ones that go over in each other.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void One<TFormat>(in MatrixRows matrix, float* x, float* y, long width, long first, long end)
        where TFormat : struct, IMatrixFormat
    {
        RowScales scales = new(matrix, width);
        float* buffer = stackalloc float[scales.IsStored ? 1 : 2 * (int)scales.PerRow];
        byte* codes = matrix.Codes;
        long rowBytes = matrix.RowBytes, perRow = scales.PerRow;
        int shift = scales.Shift;
        Vector512<float> table = matrix.Table is null ? Vector512<float>.Zero : Vector512.Load(matrix.Table);
        long half = (end - first) / 2;
        for (long row = first, other = end - half; row < end - half; row++, other++)
        {
            // Of an odd number the middle row stands alone, and is its own other one.
            other = other < end ? other : row;
            byte* upper = codes + (row * rowBytes), lower = codes + (other * rowBytes);
            float* upperScales = buffer, lowerScales = buffer + perRow;
            if (TFormat.HasBlockScales && scales.IsStored)
            {
                upperScales = matrix.Scales + (row * perRow);
                lowerScales = matrix.Scales + (other * perRow);
            }
            else if (TFormat.HasBlockScales)
            {
                scales.Read(matrix, row, upperScales);
                scales.Read(matrix, other, lowerScales);
            }

            Vector512<float> s0 = Vector512<float>.Zero, s1 = s0, s2 = s0, s3 = s0, t0 = s0, t1 = s0, t2 = s0, t3 = s0;
            long index = 0;
            for (; index + (2 * Step) <= width; index += 2 * Step)
            {
                TFormat.Read(upper, index, table, out Vector512<float> a, out Vector512<float> b);
                Add<TFormat>(a, b, x + index, Scale<TFormat>(upperScales, index, shift), ref s0, ref s1);
                TFormat.Read(lower, index, table, out a, out b);
                Add<TFormat>(a, b, x + index, Scale<TFormat>(lowerScales, index, shift), ref t0, ref t1);
                TFormat.Read(upper, index + Step, table, out a, out b);
                Add<TFormat>(a, b, x + index + Step, Scale<TFormat>(upperScales, index + Step, shift), ref s2, ref s3);
                TFormat.Read(lower, index + Step, table, out a, out b);
                Add<TFormat>(a, b, x + index + Step, Scale<TFormat>(lowerScales, index + Step, shift), ref t2, ref t3);
            }
            if (index < width)
            {
                TFormat.Read(upper, index, table, out Vector512<float> a, out Vector512<float> b);
                Add<TFormat>(a, b, x + index, Scale<TFormat>(upperScales, index, shift), ref s0, ref s1);
                TFormat.Read(lower, index, table, out a, out b);
                Add<TFormat>(a, b, x + index, Scale<TFormat>(lowerScales, index, shift), ref t0, ref t1);
            }
            y[row] = Vector512.Sum((s0 + s1) + (s2 + s3));
            y[other] = Vector512.Sum((t0 + t1) + (t2 + t3));
        }
    }

    // Vectors that are not there repeat the last one; what they give is not stored.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Some<TFormat>(in MatrixRows matrix, float* x, long stride, float* y, long yStride, int vectors, long width, long first, long end)
        where TFormat : struct, IMatrixFormat
    {
        RowScales rowScales = new(matrix, width);
        float* buffer = stackalloc float[rowScales.IsStored ? 1 : (int)rowScales.PerRow];
        int shift = rowScales.Shift;
        float* x0 = x, x1 = x + stride, x2 = x + (Math.Min(2, vectors - 1) * stride), x3 = x + (Math.Min(3, vectors - 1) * stride);
        Vector512<float> table = matrix.Table is null ? Vector512<float>.Zero : Vector512.Load(matrix.Table);
        for (long row = first; row < end; row++)
        {
            byte* codes = matrix.Codes + (row * matrix.RowBytes);
            float* scales = buffer;
            if (TFormat.HasBlockScales)
            {
                if (rowScales.IsStored)
                {
                    scales = matrix.Scales + (row * rowScales.PerRow);
                }
                else
                {
                    rowScales.Read(matrix, row, buffer);
                }
            }
            Vector512<float> p0 = Vector512<float>.Zero, p1 = p0, p2 = p0, p3 = p0, q0 = p0, q1 = p0, q2 = p0, q3 = p0;
            Vector512<float> r0 = p0, r1 = p0, r2 = p0, r3 = p0, s0 = p0, s1 = p0, s2 = p0, s3 = p0;
            long index = 0;
            for (; index + (2 * Step) <= width; index += 2 * Step)
            {
                TFormat.Read(codes, index, table, out Vector512<float> a, out Vector512<float> b);
                Vector512<float> scale = Scale<TFormat>(scales, index, shift);
                Add<TFormat>(a, b, x0 + index, scale, ref p0, ref p1);
                Add<TFormat>(a, b, x1 + index, scale, ref q0, ref q1);
                Add<TFormat>(a, b, x2 + index, scale, ref r0, ref r1);
                Add<TFormat>(a, b, x3 + index, scale, ref s0, ref s1);
                TFormat.Read(codes, index + Step, table, out a, out b);
                scale = Scale<TFormat>(scales, index + Step, shift);
                Add<TFormat>(a, b, x0 + index + Step, scale, ref p2, ref p3);
                Add<TFormat>(a, b, x1 + index + Step, scale, ref q2, ref q3);
                Add<TFormat>(a, b, x2 + index + Step, scale, ref r2, ref r3);
                Add<TFormat>(a, b, x3 + index + Step, scale, ref s2, ref s3);
            }
            if (index < width)
            {
                TFormat.Read(codes, index, table, out Vector512<float> a, out Vector512<float> b);
                Vector512<float> scale = Scale<TFormat>(scales, index, shift);
                Add<TFormat>(a, b, x0 + index, scale, ref p0, ref p1);
                Add<TFormat>(a, b, x1 + index, scale, ref q0, ref q1);
                Add<TFormat>(a, b, x2 + index, scale, ref r0, ref r1);
                Add<TFormat>(a, b, x3 + index, scale, ref s0, ref s1);
            }
            y[row] = Vector512.Sum((p0 + p1) + (p2 + p3));
            y[yStride + row] = Vector512.Sum((q0 + q1) + (q2 + q3));
            if (vectors > 2)
            {
                y[(2 * yStride) + row] = Vector512.Sum((r0 + r1) + (r2 + r3));
            }
            if (vectors > 3)
            {
                y[(3 * yStride) + row] = Vector512.Sum((s0 + s1) + (s2 + s3));
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<float> Scale<TFormat>(float* scales, long index, int shift)
        where TFormat : struct, IMatrixFormat
        => TFormat.HasBlockScales ? Vector512.Create(scales[(index >> ShiftOfStep) >> shift]) : Vector512<float>.Zero;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Add<TFormat>(Vector512<float> a, Vector512<float> b, float* x, Vector512<float> scale, ref Vector512<float> even, ref Vector512<float> odd)
        where TFormat : struct, IMatrixFormat
    {
        if (TFormat.HasBlockScales)
        {
            Vector512<float> sum = Vector512.FusedMultiplyAdd(b, Vector512.Load(x + 16), a * Vector512.Load(x));
            even = Vector512.FusedMultiplyAdd(sum, scale, even);
        }
        else
        {
            even = Vector512.FusedMultiplyAdd(a, Vector512.Load(x), even);
            odd = Vector512.FusedMultiplyAdd(b, Vector512.Load(x + 16), odd);
        }
    }

    private static float Rest<TFormat>(in MatrixRows matrix, long row, float* x, long from)
        where TFormat : struct, IMatrixFormat
    {
        float sum = 0;
        for (long column = from; column < matrix.Width; column++)
        {
            long number = (row * matrix.Width) + column;
            float scale = TFormat.HasBlockScales ? matrix.Scales[number / matrix.BlockSize] : 1;

            // A row may begin in the middle of a byte, so that codes are counted from the beginning of the matrix.
            sum += TFormat.ReadOne(matrix.Codes, number, matrix.Table) * scale * x[column];
        }
        return sum;
    }
}
