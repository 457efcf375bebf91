using Microsoft.ML.Vlm.Models;
using Microsoft.ML.Vlm.Quantization;
using Microsoft.ML.Vlm.Torch;
using Microsoft.ML.Vlm.Torch.Kernels;
using static TorchSharp.torch;

namespace Microsoft.ML.Vlm.Tests.Torch;

/// <summary>Products of matrices with single vectors: every format and body against libtorch's products with the numbers that the codes stand for.</summary>
public sealed class MatrixVectorTests
{
    // Sums of at most 1,536 products in float32, in another order.
    private const double Tolerance = 2e-6;

    private static readonly DequantizationBuffer s_buffer = new();

    /// <summary>Rows and columns: whole vectors, rests, rows that begin in the middle of a block, of a step and of a byte.</summary>
    public static TheoryData<int, int> Shapes => new()
    {
        { 5, 64 }, { 3, 576 }, { 4, 1536 }, { 7, 32 }, { 2, 96 }, { 3, 33 }, { 5, 20 }, { 4, 7 }, { 1, 65 }, { 6, 160 },
    };

    [Theory]
    [MemberData(nameof(Shapes))]
    public void Plain_matrices(int rows, int columns)
    {
        using var scope = NewDisposeScope();
        using Generator random = new(1);
        Tensor matrix = randn(rows, columns, generator: random);
        foreach (ScalarType type in (ScalarType[])[ScalarType.Float32, ScalarType.BFloat16])
        {
            Tensor stored = matrix.to(type);
            Check(VectorProduct.Over(stored)!, stored.to(ScalarType.Float64));
        }
    }

    [Theory]
    [MemberData(nameof(Shapes))]
    public void Integers_with_a_scale_for_every_row(int rows, int columns)
    {
        using var scope = NewDisposeScope();
        using Generator random = new(2);
        using IQuantizedWeight weight = Quantize(randn(rows, columns, generator: random), QuantOptions.Int8);
        Check(weight.OpenProduct()!, weight.Dequantize(ScalarType.Float32).to(ScalarType.Float64));
    }

    [Theory]
    [MemberData(nameof(Shapes))]
    public void Four_bits(int rows, int columns)
    {
        using var scope = NewDisposeScope();
        using Generator random = new(3);
        Tensor matrix = randn(rows, columns, generator: random);
        foreach (QuantizationType type in (QuantizationType[])[QuantizationType.Nf4, QuantizationType.Fp4])
        {
            foreach (int block in (int[])[32, 64, 128])
            {
                foreach (bool isNested in (bool[])[false, true])
                {
                    using IQuantizedWeight weight = Quantize(matrix, new QuantOptions { Type = type, BlockSize = block, DoubleQuantization = isNested });
                    Tensor numbers = weight.Dequantize(ScalarType.Float32).to(ScalarType.Float64);
                    float[][] results = [.. Enum.GetValues<KernelBody>().Where(KernelBodies.IsSupported).Select(body => Check(weight.OpenProduct(body)!, numbers))];
                    Assert.All(results, result => Assert.Equal(results[0], result));
                }
            }
        }
    }

    [Fact]
    public void Outliers_are_not_rounded()
    {
        using var scope = NewDisposeScope();
        using Generator random = new(4);
        using IQuantizedWeight weight = Quantize(randn(8, 48, generator: random), QuantOptions.Int8 with { OutlierThreshold = 3 });
        using VectorProduct product = weight.OpenProduct()!;
        Tensor input = randn([1, 48], generator: random), expected;
        input[0, 5] = 9;
        expected = weight.Product(input);
        Assert.Equal(3, product.OutlierThreshold);
        float[] x = input.data<float>().ToArray();
        unsafe
        {
            fixed (float* from = x)
            {
                ActivationRounding.Round(from, from, x.Length, 3);
            }
        }
        Assert.Equal(9, x[5]);
        Near(expected.to(ScalarType.Float64), Multiply(product, x, 1), 1e-5);
    }

    [Fact]
    public void What_the_kernels_cannot_read_is_left_to_others()
    {
        using var scope = NewDisposeScope();
        Assert.Null(VectorProduct.Over(zeros(4, 8, dtype: ScalarType.Float16)));
        Assert.Null(VectorProduct.Over(zeros(8, 4).t()));
        Assert.Null(VectorProduct.Over(zeros(1, MatrixVectorKernel.MostColumns + 1)));
    }

    private static IQuantizedWeight Quantize(Tensor values, QuantOptions options)
        => new QuantizationPlan(options, _ => ModelRole.Language, "lm_head").Quantize(values, ScalarType.Float32, s_buffer);

    // One to four vectors, and rows in two parts: always the same bits for the same vector.
    private static float[] Check(VectorProduct product, Tensor numbers)
    {
        using VectorProduct opened = product;
        Assert.Equal((numbers.size(0), numbers.size(1)), (product.Rows, product.Width));
        Tensor inputs = arange(MatrixVectorKernel.MostVectors * product.Width).to(ScalarType.Float32).mul_(0.37).sin_().view(MatrixVectorKernel.MostVectors, product.Width);
        float[] x = inputs.data<float>().ToArray(), all = Multiply(product, x, MatrixVectorKernel.MostVectors);
        Near(inputs.to(ScalarType.Float64).mm(numbers.t()), all, Tolerance);
        for (int vectors = 1; vectors < MatrixVectorKernel.MostVectors; vectors++)
        {
            Assert.Equal(all[..(vectors * (int)product.Rows)], Multiply(product, x, vectors));
        }
        return all;
    }

    private static unsafe float[] Multiply(VectorProduct product, float[] x, int vectors)
    {
        float[] arranged = new float[vectors * product.Width], y = new float[vectors * product.Rows];
        fixed (float* from = x, to = arranged, result = y)
        {
            for (int vector = 0; vector < vectors; vector++)
            {
                MatrixVectorKernel.Arrange(from + (vector * product.Width), to + (vector * product.Width), product.Width, product.IsInterleaved);
            }
            long middle = product.Rows / 2;
            product.Multiply(to, product.Width, result, product.Rows, vectors, 0, middle);
            product.Multiply(to, product.Width, result, product.Rows, vectors, middle, product.Rows);
        }
        return y;
    }

    private static void Near(Tensor expected, float[] actual, double tolerance)
    {
        double[] wanted = expected.flatten().data<double>().ToArray();
        double norm = Math.Sqrt(wanted.Sum(value => value * value) / wanted.Length) + 1;
        Assert.All(wanted.Zip(actual), pair => Assert.InRange(Math.Abs(pair.First - pair.Second), 0, tolerance * norm * 4));
    }
}
