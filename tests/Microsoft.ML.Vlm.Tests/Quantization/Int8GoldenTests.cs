using System.Text.Json;
using Microsoft.ML.Vlm.Checkpoints;
using Microsoft.ML.Vlm.Quantization;
using static TorchSharp.torch;

namespace Microsoft.ML.Vlm.Tests.Quantization;

[Trait("Category", "Golden")]
public class Int8GoldenTests
{
    /// <summary>Where the tests compute.</summary>
    private protected virtual string Device => TestDevice.Cpu;

    // golden/README.md: dequantized 8-bit 1e-6.
    private const double Dequantized = 1e-6;

    // The reference multiplies integer sums by 6.200124e-5 where 1 / 127² is 6.200012e-5: 1.8e-5 too much.
    private const double Product = 3e-5;

    public static TheoryData<string> Cases()
    {
        string path = Path.Combine(Reference.Root ?? "", "golden", "quant", "int8.json");
        if (Reference.Root is null || !File.Exists(path))
        {
            return [Reference.Absent];
        }
        using JsonDocument document = JsonDocument.Parse(File.ReadAllText(path));
        return [.. document.RootElement.GetProperty("cases").EnumerateObject().Select(entry => entry.Name)];
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void Codes_scales_and_numbers_equal_the_reference(string name)
    {
        using var scope = NewDisposeScope();
        using SafetensorsFile file = Open();
        (Tensor codes, Tensor scales) = Int8Codec.Quantize(file.Read($"{name}.weight").to(TestDevice.Open(Device)));
        Assert.Equal(file.Read($"{name}.CB").data<sbyte>().ToArray(), codes.data<sbyte>().ToArray());
        Assert.Equal(file.Read($"{name}.SCB").data<float>().ToArray(), scales.data<float>().ToArray());
        Assert.True(allclose(file.Read($"{name}.dequantized"), Int8Codec.Dequantize(codes, scales, ScalarType.Float32).cpu(), rtol: 0, atol: Dequantized));
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void Activations_and_products_equal_the_reference(string name)
    {
        using var scope = NewDisposeScope();
        using SafetensorsFile file = Open();
        Device device = TestDevice.Open(Device);
        Tensor input = file.Read($"{name}.x").to(device);
        foreach ((string kind, double threshold) in new[] { ("plain", 0.0), ("threshold6", 6.0) })
        {
            LlmInt8.Activations actual = LlmInt8.Quantize(input, threshold);
            Assert.Equal(file.Read($"{name}.{kind}.x_q").data<sbyte>().ToArray(), actual.Codes.data<sbyte>().ToArray());
            Assert.Equal(file.Read($"{name}.{kind}.x_scale").data<float>().ToArray(), actual.Scales.data<float>().ToArray());
            Tensor expected = file.Read($"{name}.{kind}.out"), output = LlmInt8.Product(input, file.Read($"{name}.CB").to(device), file.Read($"{name}.SCB").to(device), threshold).cpu();
            Assert.InRange((expected - output).abs().max().item<float>(), 0, Product * Math.Max(1, expected.abs().max().item<float>()));
        }
        Assert.Equal(file.Read($"{name}.threshold6.outlier_cols").data<long>().ToArray(), LlmInt8.Quantize(input, 6).OutlierColumns.data<long>().ToArray());
    }

    private static SafetensorsFile Open() => SafetensorsFile.Open(Reference.Path("golden", "quant", "int8.safetensors"));
}
