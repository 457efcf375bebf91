using Microsoft.ML.Vlm.Quantization;
using Microsoft.ML.Vlm.Torch.Cuda;
using static TorchSharp.torch;

namespace Microsoft.ML.Vlm.Tests.Torch;

/// <summary>The kernels that are compiled on a GPU's machine against torch's operations.</summary>
[Trait("Category", "Cuda")]
public sealed class FourBitCudaKernelTests
{
    public static TheoryData<bool, int, ScalarType> Cases => new MatrixTheoryData<bool, int, ScalarType>([false, true], [64, 128], [ScalarType.Float32, ScalarType.BFloat16, ScalarType.Float16]);

    [Theory]
    [MemberData(nameof(Cases))]
    public void Numbers_have_the_same_bits(bool isFp4, int blockSize, ScalarType type)
    {
        using var scope = NewDisposeScope();
        Device gpu = TestDevice.Open(TestDevice.Cuda);
        FourBitCode code = isFp4 ? FourBitCode.Fp4 : FourBitCode.Nf4;
        // Odd counts and a short last block too.
        foreach (long[] shape in (long[][])[[1, 1], [3, 5], [7, 67], [96, 320], [1025, 576]])
        {
            (Tensor codes, Tensor scales) = FourBitCodec.Quantize(randn(shape).to(gpu), code, blockSize);
            Tensor expected = FourBitCodec.DequantizeWithTorch(codes, scales, code, blockSize, shape, type), actual = full(shape, double.NaN, dtype: type, device: gpu);
            Assert.True(Kernel(codes).Dequantize(actual, codes, new FourBitScales(scales), code.Values, blockSize));
            Assert.True(expected.equal(actual).all().item<bool>(), string.Join('x', shape));

            using NestedScales nested = NestedScales.Quantize(scales.cpu());
            nested.MoveTo(gpu);
            expected = FourBitCodec.DequantizeWithTorch(codes, nested.Read(), code, blockSize, shape, type);
            actual.fill_(double.NaN);
            Assert.True(Kernel(codes).Dequantize(actual, codes, new FourBitScales(null, nested.Codes, nested.Scales, nested.Map, nested.Offset), code.Values, blockSize));
            Assert.True(expected.equal(actual).all().item<bool>(), $"nested {string.Join('x', shape)}");
        }
    }

    [Theory]
    [InlineData(ScalarType.Float32, 2e-6)]
    [InlineData(ScalarType.BFloat16, 5e-3)]
    public void Products_of_few_rows_are_those_of_the_dequantized_weight(ScalarType type, double tolerance)
    {
        using var scope = NewDisposeScope();
        Device gpu = TestDevice.Open(TestDevice.Cuda);
        foreach ((int outputs, int inputs, int rows) in new[] { (5, 16, 1), (64, 576, 1), (1536, 576, 3), (576, 1536, 8), (4096, 4096, 1) })
        {
            (Tensor codes, Tensor scales) = FourBitCodec.Quantize(randn(outputs, inputs).to(gpu), FourBitCode.Nf4, 64);
            using FourBitWeight weight = new(codes, scales, null, FourBitCode.Nf4, 64, [outputs, inputs], type, new DequantizationBuffer());
            Tensor input = randn(rows, inputs).to(gpu).to(type);
            Tensor expected = input.to(ScalarType.Float64).mm(weight.Dequantize(ScalarType.Float32).to(ScalarType.Float64).t());
            Tensor? kernel = Kernel(codes).Multiply(input, codes, new FourBitScales(scales), FourBitCode.Nf4.Values, 64, outputs);
            Assert.NotNull(kernel);
            // Float32 sums round at 2^-24; a bfloat16 result at 2^-9, once.
            Assert.InRange(((kernel.to(ScalarType.Float64) - expected).norm() / expected.norm()).item<double>(), 0, tolerance);
            Assert.True(kernel.equal(weight.Product(input)).all().item<bool>());
        }
    }

    [Fact]
    public void Shapes_that_it_cannot_do_go_to_torch()
    {
        using var scope = NewDisposeScope();
        Device gpu = TestDevice.Open(TestDevice.Cuda);
        (Tensor codes, Tensor scales) = FourBitCodec.Quantize(randn(6, 40).to(gpu), FourBitCode.Nf4, 64);
        Assert.Null(Kernel(codes).Multiply(randn(1, 40, device: gpu), codes, new FourBitScales(scales), FourBitCode.Nf4.Values, 64, 6));
        Assert.Null(Kernel(codes).Multiply(randn(9, 40, device: gpu), codes, new FourBitScales(scales), FourBitCode.Nf4.Values, 64, 6));
        Assert.Null(FourBitCudaKernel.For(codes.cpu()));
        using FourBitWeight weight = new(codes, scales, null, FourBitCode.Nf4, 64, [6, 40], ScalarType.Float32, new DequantizationBuffer());
        Tensor input = randn(1, 40, device: gpu);
        Assert.True(allclose(input.mm(weight.Dequantize(ScalarType.Float32).t()), weight.Product(input), atol: 1e-4));
    }

    private static FourBitCudaKernel Kernel(Tensor codes)
    {
        Assert.SkipWhen(RuntimeCompiler.Instance is null, "CUDA's run-time compiler (NVRTC) is not installed.");
        return FourBitCudaKernel.For(codes)!;
    }
}
