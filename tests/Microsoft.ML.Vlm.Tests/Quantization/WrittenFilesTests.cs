using System.Text;
using System.Text.Json;
using Microsoft.ML.Vlm.Checkpoints;
using Microsoft.ML.Vlm.Models;
using Microsoft.ML.Vlm.Tests.Conformance;
using static TorchSharp.torch;

namespace Microsoft.ML.Vlm.Tests.Quantization;

/// <summary>Files of quantized models that this library writes: the keys, types and bytes of bitsandbytes, and the same codes when they are read again.</summary>
public sealed class WrittenFilesTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("vlm-written-").FullName;

    public static TheoryData<QuantOptions> Options =>
    [
        QuantOptions.Nf4, QuantOptions.Nf4 with { DoubleQuantization = false, BlockSize = 128 }, QuantOptions.Fp4, QuantOptions.Fp4 with { DoubleQuantization = false },
        QuantOptions.Int8, QuantOptions.Nf4 with { SkipModules = QuantOptions.BitsAndBytesSkipModules },
    ];

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Theory]
    [MemberData(nameof(Options))]
    public void Codes_that_were_written_are_read_again_bit_for_bit_and_written_again_byte_for_byte(QuantOptions options)
    {
        using var scope = NewDisposeScope();
        string first = Path.Combine(_folder, "first"), second = Path.Combine(_folder, "second");
        using VisionLanguageModel model = ModelLoader.Load(ModelFolder.Open(TinyVlm.Folder), null, options);
        QuantizedModelFiles.Write(ModelFolder.Open(TinyVlm.Folder), model, options, first);

        using VisionLanguageModel loaded = ModelLoader.Load(ModelFolder.Open(first));
        foreach ((string name, Weight weight) in model.Weights)
        {
            Assert.Equal(weight.Quantized is null, loaded.Weights[name].Quantized is null);
            Assert.True(weight.Value.equal(loaded.Weights[name].Value).all().item<bool>(), name);
        }
        QuantizedModelFiles.Write(ModelFolder.Open(first), loaded, QuantizedModelFiles.OptionsOf(loaded), second);
        Assert.Equal(Directory.GetFiles(first).Select(Path.GetFileName).Order(), Directory.GetFiles(second).Select(Path.GetFileName).Order());
        Assert.All(Directory.GetFiles(first), path => Assert.Equal(File.ReadAllBytes(path), File.ReadAllBytes(Path.Combine(second, Path.GetFileName(path)))));
    }

    [Fact]
    public void An_8_bit_weight_has_codes_row_scales_and_a_format_in_its_module()
    {
        using var scope = NewDisposeScope();
        using CheckpointWeights written = Write(QuantOptions.Int8);
        const string Module = "model.text_model.layers.0.self_attn.q_proj";
        Assert.Equal(
            [$"{Module}.SCB", $"{Module}.weight", $"{Module}.weight_format"], written.Names.Where(name => name.StartsWith(Module, StringComparison.Ordinal)).Order(StringComparer.Ordinal));
        using VisionLanguageModel plain = ModelLoader.Load(ModelFolder.Open(TinyVlm.Folder));
        Tensor values = plain.Weights[$"{Module}.weight"].Value, scales = values.abs().amax([1]);
        Assert.True(scales.equal(written.Read($"{Module}.SCB")).all().item<bool>());
        Assert.Equal((ScalarType.Int8, values.shape.Length), (written.TypeOf($"{Module}.weight"), written.ShapeOf($"{Module}.weight").Count));
        Assert.True(values.mul(127 / scales.unsqueeze(1)).round().to(ScalarType.Int8).equal(written.Read($"{Module}.weight")).all().item<bool>());

        // Row order, a number without dimensions.
        Assert.Equal((ScalarType.Byte, 0), (written.TypeOf($"{Module}.weight_format"), written.ShapeOf($"{Module}.weight_format").Count));
        Assert.Equal(0, written.Read($"{Module}.weight_format").item<byte>());
    }

    [Theory]
    [InlineData("nf4", true)]
    [InlineData("nf4", false)]
    [InlineData("fp4", true)]
    public void A_4_bit_weight_has_codes_scales_tables_and_a_state_beside_its_name(string type, bool isDoublyQuantized)
    {
        using var scope = NewDisposeScope();
        using CheckpointWeights written = Write(new QuantOptions { Type = type == "nf4" ? QuantizationType.Nf4 : QuantizationType.Fp4, DoubleQuantization = isDoublyQuantized });
        const string Name = "model.text_model.layers.0.mlp.gate_proj.weight";
        Dictionary<string, (ScalarType, string)> expected = new();
        using VisionLanguageModel plain = ModelLoader.Load(ModelFolder.Open(TinyVlm.Folder));
        long[] shape = [.. plain.Weights[Name].Shape];
        long count = shape[0] * shape[1], blocks = (count + 63) / 64;
        string state = $"{Name}.quant_state.bitsandbytes__{type}";
        expected[Name] = (ScalarType.Byte, $"{(count + 1) / 2}, 1");
        expected[$"{Name}.absmax"] = (isDoublyQuantized ? ScalarType.Byte : ScalarType.Float32, $"{blocks}");
        expected[$"{Name}.quant_map"] = (ScalarType.Float32, "16");
        if (isDoublyQuantized)
        {
            expected[$"{Name}.nested_absmax"] = (ScalarType.Float32, $"{(blocks + 255) / 256}");
            expected[$"{Name}.nested_quant_map"] = (ScalarType.Float32, "256");
        }
        expected[state] = (ScalarType.Byte, $"{written.Read(state).numel()}");
        Dictionary<string, (ScalarType, string)> actual = written.Names.Where(name => name.StartsWith(Name, StringComparison.Ordinal))
            .ToDictionary(name => name, name => (written.TypeOf(name), string.Join(", ", written.ShapeOf(name))));
        Assert.Equal(expected.OrderBy(pair => pair.Key, StringComparer.Ordinal), actual.OrderBy(pair => pair.Key, StringComparer.Ordinal));

        string text = Encoding.UTF8.GetString(written.Read(state).data<byte>().ToArray());
        using JsonDocument json = JsonDocument.Parse(text);
        string[] keys = ["quant_type", "blocksize", "dtype", "shape", .. isDoublyQuantized ? (string[])["nested_blocksize", "nested_dtype", "nested_offset"] : []];
        Assert.Equal(keys, json.RootElement.EnumerateObject().Select(property => property.Name));
        string nested = isDoublyQuantized ? $", \"nested_blocksize\": 256, \"nested_dtype\": \"float32\", \"nested_offset\": {json.RootElement.GetProperty("nested_offset").GetRawText()}" : "";
        Assert.Equal($"{{\"quant_type\": \"{type}\", \"blocksize\": 64, \"dtype\": \"float32\", \"shape\": [{shape[0]}, {shape[1]}]{nested}}}", text);
        if (isDoublyQuantized)
        {
            // The mean of the scales, which is subtracted before they are quantized.
            Tensor padded = nn.functional.pad(plain.Weights[Name].Value.flatten(), [0, (blocks * 64) - count]);
            Assert.Equal(padded.view(-1, 64).abs().amax([1]).mean().item<float>(), json.RootElement.GetProperty("nested_offset").GetSingle(), 1e-6f);
        }
    }

    private CheckpointWeights Write(QuantOptions options)
    {
        using VisionLanguageModel model = ModelLoader.Load(ModelFolder.Open(TinyVlm.Folder), null, options);
        QuantizedModelFiles.Write(ModelFolder.Open(TinyVlm.Folder), model, options, _folder);
        return CheckpointWeights.Open(_folder);
    }
}
