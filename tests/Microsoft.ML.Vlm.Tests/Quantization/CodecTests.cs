using Microsoft.ML.Vlm.Quantization;
using Microsoft.ML.Vlm.Torch;
using static TorchSharp.torch;

namespace Microsoft.ML.Vlm.Tests.Quantization;

public sealed class CodecTests
{
    public static TheoryData<string, ScalarType> Bodies
        => [.. from body in Enum.GetValues<KernelBody>() from type in new[] { ScalarType.Float32, ScalarType.BFloat16 } select (body.ToString(), type)];

    [Fact]
    public void Nf4_takes_the_nearest_value_and_packs_the_first_number_high()
    {
        using var scope = NewDisposeScope();
        // Scale 2: -1, 0, 0.5 (between 0.4407 and 0.5626, whose middle is 0.5017) and 1, with the codes 0, 7, 12 and 15; then 0.05, nearer to 0.0796 than to 0: code 8, and padding 7.
        (Tensor codes, Tensor scales) = FourBitCodec.Quantize(tensor(new float[] { -2, 0, 1, 2, 0.1f }), FourBitCode.Nf4, 64);
        Assert.Equal([0x07, 0xCF, 0x87], codes.data<byte>().ToArray());
        Assert.Equal([2f], scales.data<float>().ToArray());
        Tensor back = FourBitCodec.Dequantize(codes, scales, FourBitCode.Nf4, 64, [5], ScalarType.Float32);
        Assert.Equal([-2f, 0, 0.88141966f, 2, 0.15916060f], back.data<float>().ToArray());
    }

    [Fact]
    public void Fp4_takes_the_nearest_value()
    {
        using var scope = NewDisposeScope();
        // 12ths of the scale 12: 12, 8, 6, 4, 3, 2, 1/16; codes 3, 2, 5, 4, 7, 6, 1, and with the sign 8 more. 5 is a tie of 4 and 6, which goes down.
        (Tensor codes, Tensor scales) = FourBitCodec.Quantize(tensor(new float[] { 12, 8, 6, 4, 3, 2, 0.0625f, -12, 5, -3.1f }), FourBitCode.Fp4, 64);
        Assert.Equal([0x32, 0x54, 0x76, 0x1B, 0x4F], codes.data<byte>().ToArray());
        Assert.Equal([12f], scales.data<float>().ToArray());
    }

    [Fact]
    public void A_block_of_zeros_comes_back_as_zeros()
    {
        using var scope = NewDisposeScope();
        Tensor values = cat([zeros(64), ones(3)]);
        foreach (FourBitCode code in new[] { FourBitCode.Nf4, FourBitCode.Fp4 })
        {
            (Tensor codes, Tensor scales) = FourBitCodec.Quantize(values, code, 64);
            Assert.Equal([0f, 1f], scales.data<float>().ToArray());
            Assert.True(allclose(values, FourBitCodec.Dequantize(codes, scales, code, 64, [67], ScalarType.Float32), rtol: 0, atol: 0));
        }
        (Tensor rows, Tensor rowScales) = Int8Codec.Quantize(zeros(2, 3));
        Assert.True(allclose(zeros(2, 3), Int8Codec.Dequantize(rows, rowScales, ScalarType.Float32), rtol: 0, atol: 0));
    }

    [Fact]
    public void Int8_rounds_ties_to_even()
    {
        using var scope = NewDisposeScope();
        // Scales 127 and 2: a code is the number itself, and 63.5 times it.
        (Tensor codes, Tensor scales) = Int8Codec.Quantize(tensor(new float[,] { { 127, 0.5f, 1.5f, -2.5f }, { -2, 1, 0.2f, 0 } }));
        Assert.Equal([127, 0, 2, -2, -127, 64, 13, 0], codes.data<sbyte>().ToArray());
        Assert.Equal([127f, 2f], scales.data<float>().ToArray());
    }

    [Fact]
    public void Outliers_are_multiplied_apart()
    {
        using var scope = NewDisposeScope();
        // Column 1 holds an outlier, 100. The scales are 2 and 3 (3 is no outlier, but its column is multiplied apart), so that 1 becomes 64 * 2/127 in the first row,
        // and 1 and 0.5 become 42 * 3/127 and 21 * 3/127 in the second. The weights 1 and -1 are exact.
        Tensor input = tensor(new float[,] { { 2, 100, 1 }, { 1, 3, 0.5f } });
        (Tensor codes, Tensor scales) = Int8Codec.Quantize(tensor(new float[,] { { 1, -1, 1 } }));
        Assert.Equal([1L], LlmInt8.Quantize(input, 6).OutlierColumns.data<long>().ToArray());
        Assert.Equal([2f - 100 + (128f / 127), (126f / 127) - 3 + (63f / 127)], LlmInt8.Product(input, codes, scales, 6).data<float>().ToArray(), new Tolerance(1e-4f));
    }

    [Theory]
    [MemberData(nameof(Bodies))]
    public void Every_body_of_the_four_bit_kernel_gives_the_bits_of_the_torch_operations(string name, ScalarType type)
    {
        using var scope = NewDisposeScope();
        KernelBody body = Enum.Parse<KernelBody>(name);
        Assert.SkipUnless(KernelBodies.IsSupported(body), $"This processor has no {body}.");
        using Generator random = new(5);
        foreach ((int rows, int width, int blockSize) in new[] { (1, 1, 64), (3, 37, 32), (5, 64, 64), (33, 130, 64), (16, 1024, 4096), (257, 96, 128) })
        {
            Tensor values = randn([rows, width], generator: random);
            foreach (FourBitCode code in new[] { FourBitCode.Nf4, FourBitCode.Fp4 })
            {
                (Tensor codes, Tensor scales) = FourBitCodec.Quantize(values, code, blockSize);
                Tensor expected = FourBitCodec.DequantizeWithTorch(codes, scales, code, blockSize, values.shape, type);
                Tensor actual = FourBitCodec.Dequantize(codes, scales, code, blockSize, values.shape, type, body);
                Assert.True(expected.eq(actual).all().item<bool>(), $"{rows}x{width} in blocks of {blockSize}, {code.Name}");
            }
        }
    }

    [Theory]
    [MemberData(nameof(Bodies))]
    public void Every_body_of_the_int8_kernel_gives_the_same_bits(string name, ScalarType type)
    {
        using var scope = NewDisposeScope();
        KernelBody body = Enum.Parse<KernelBody>(name);
        Assert.SkipUnless(KernelBodies.IsSupported(body), $"This processor has no {body}.");
        using Generator random = new(6);
        foreach ((int rows, int width) in new[] { (1, 1), (3, 37), (5, 64), (33, 130), (16, 1024) })
        {
            (Tensor codes, Tensor scales) = Int8Codec.Quantize(randn([rows, width], generator: random));
            Tensor expected = (codes.to(ScalarType.Float32) * (scales / Int8Codec.Largest).unsqueeze(1)).to(type);
            Assert.True(expected.eq(Int8Codec.Dequantize(codes, scales, type, body)).all().item<bool>(), $"{rows}x{width}");
        }
    }

    [Fact]
    public void Several_threads_give_the_same_bits()
    {
        using var scope = NewDisposeScope();
        int threads = get_num_threads();
        Tensor values = randn(700, 640);
        try
        {
            set_num_threads(1);
            (Tensor codes, Tensor scales) = FourBitCodec.Quantize(values, FourBitCode.Nf4, 64);
            Tensor numbers = FourBitCodec.Dequantize(codes, scales, FourBitCode.Nf4, 64, values.shape, ScalarType.BFloat16);
            set_num_threads(3);
            (Tensor sameCodes, Tensor sameScales) = FourBitCodec.Quantize(values, FourBitCode.Nf4, 64);
            Assert.True(codes.eq(sameCodes).all().item<bool>() && scales.eq(sameScales).all().item<bool>());
            Assert.True(numbers.eq(FourBitCodec.Dequantize(codes, scales, FourBitCode.Nf4, 64, values.shape, ScalarType.BFloat16)).all().item<bool>());
        }
        finally
        {
            set_num_threads(threads);
        }
    }
}
