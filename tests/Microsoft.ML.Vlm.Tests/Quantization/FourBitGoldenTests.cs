using System.Text.Json;
using Microsoft.ML.Vlm.Checkpoints;
using Microsoft.ML.Vlm.Quantization;
using Microsoft.ML.Vlm.Torch;
using static TorchSharp.torch;

namespace Microsoft.ML.Vlm.Tests.Quantization;

[Trait("Category", "Golden")]
public class FourBitGoldenTests
{
    /// <summary>Where the tests compute.</summary>
    private protected virtual string Device => TestDevice.Cpu;

    // golden/README.md: packed codes exact, dequantized 4-bit 1e-6.
    private const double Dequantized = 1e-6;

    // A product of 64 to 130 float32 numbers that come to 50: their sum in another order.
    private const double Product = 1e-4;

    public static TheoryData<string> Cases()
    {
        string path = Path.Combine(Reference.Root ?? "", "golden", "quant", "four_bit.json");
        if (Reference.Root is null || !File.Exists(path))
        {
            return [Reference.Absent];
        }
        using JsonDocument document = JsonDocument.Parse(File.ReadAllText(path));
        return [.. document.RootElement.GetProperty("cases").EnumerateArray().Select(entry => entry.GetProperty("key").GetString()!)];
    }

    [Fact]
    public void The_tables_have_the_same_bits()
    {
        using JsonDocument document = JsonDocument.Parse(File.ReadAllText(Reference.Path("golden", "quant", "four_bit.json")));
        foreach (FourBitCode code in new[] { FourBitCode.Nf4, FourBitCode.Fp4 })
        {
            Assert.Equal([.. document.RootElement.GetProperty($"code_{code.Name}").EnumerateArray().Select(value => (float)value.GetDouble())], code.Values.ToArray());
        }
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void Codes_and_scales_are_exact_and_numbers_come_back(string key)
    {
        using var scope = NewDisposeScope();
        using SafetensorsFile file = SafetensorsFile.Open(Reference.Path("golden", "quant", "four_bit.safetensors"));
        JsonElement meta = Meta(key);
        FourBitCode code = meta.GetProperty("quant_type").GetString() == "nf4" ? FourBitCode.Nf4 : FourBitCode.Fp4;
        int blockSize = meta.GetProperty("blocksize").GetInt32();
        ScalarType type = meta.GetProperty("dtype").GetString() == "torch.bfloat16" ? ScalarType.BFloat16 : ScalarType.Float32;
        Tensor weight = file.Read($"{key.Split('.')[0]}.weight").to(type).to(TestDevice.Open(Device));
        (Tensor codes, Tensor scales) = FourBitCodec.Quantize(weight, code, blockSize);
        Assert.Equal(file.Read($"{key}.packed").data<byte>().ToArray(), codes.data<byte>().ToArray());
        if (meta.GetProperty("double_quant").GetBoolean())
        {
            using NestedScales nested = NestedScales.Quantize(scales.cpu());
            nested.MoveTo(codes.device);
            Assert.Equal(file.Read($"{key}.absmax").data<byte>().ToArray(), nested.Codes.data<byte>().ToArray());
            Assert.Equal(file.Read($"{key}.nested_absmax").data<float>().ToArray(), nested.Scales.data<float>().ToArray());
            Assert.Equal(file.Read($"{key}.offset").data<float>()[0], nested.Offset);
            scales = nested.Read();
        }
        else
        {
            Assert.Equal(file.Read($"{key}.absmax").data<float>().ToArray(), scales.data<float>().ToArray());
        }

        Tensor dequantized = FourBitCodec.Dequantize(codes, scales, code, blockSize, weight.shape, type).cpu();
        if (file.Entries.ContainsKey($"{key}.dequantized"))
        {
            Assert.True(allclose(file.Read($"{key}.dequantized").to(ScalarType.Float32), dequantized.to(ScalarType.Float32), rtol: 0, atol: Dequantized), "dequantized");
        }
        if (file.Entries.ContainsKey($"{key}.matmul"))
        {
            Tensor product = file.Read($"{key.Split('.')[0]}.x").mm(dequantized.to(ScalarType.Float32).t());
            Assert.True(allclose(file.Read($"{key}.matmul"), product, rtol: 0, atol: Product), "product");
        }
        double most = meta.GetProperty("max_abs_error").GetDouble();
        Assert.Equal(most, (weight.cpu().to(ScalarType.Float32) - dequantized.to(ScalarType.Float32)).abs().max().item<float>(), 1e-3 * most);
    }

    [Fact]
    public void Numbers_under_the_dynamic_map_equal_the_reference()
    {
        using var scope = NewDisposeScope();
        using SafetensorsFile file = SafetensorsFile.Open(Reference.Path("golden", "quant", "blockwise8.safetensors"));
        Assert.Equal(file.Read("code").data<float>().ToArray(), DynamicMap8.Signed.Values.ToArray());
        (Tensor codes, Tensor scales) = BlockwiseQuantization.Quantize(file.Read("input").to(TestDevice.Open(Device)), DynamicMap8.Signed);
        Assert.Equal(file.Read("codes").data<byte>().ToArray(), codes.data<byte>().ToArray());
        Assert.Equal(file.Read("absmax").data<float>().ToArray(), scales.data<float>().ToArray());
        Assert.True(allclose(file.Read("dequantized"), BlockwiseQuantization.Dequantize(codes, scales, DynamicMap8.Signed).cpu(), rtol: 0, atol: Dequantized));
    }

    private static JsonElement Meta(string key)
    {
        using JsonDocument document = JsonDocument.Parse(File.ReadAllText(Reference.Path("golden", "quant", "four_bit.json")));
        return document.RootElement.GetProperty("cases").EnumerateArray().Single(entry => entry.GetProperty("key").GetString() == key).Clone();
    }
}
