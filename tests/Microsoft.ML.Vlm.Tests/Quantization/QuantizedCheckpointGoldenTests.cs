using System.Text.Json;
using Microsoft.ML.Vlm.Checkpoints;
using Microsoft.ML.Vlm.Models;
using Microsoft.ML.Vlm.Processing;
using static TorchSharp.torch;

namespace Microsoft.ML.Vlm.Tests.Quantization;

/// <summary>Checkpoints that transformers and bitsandbytes saved quantized.</summary>
[Trait("Category", "Golden")]
public class QuantizedCheckpointGoldenTests : IDisposable
{
    /// <summary>Where the tests compute.</summary>
    private protected virtual string Device => TestDevice.Cpu;

    // golden/README.md: logits 1e-3.
    private const double Logits = 1e-3;

    private readonly string _folder = Directory.CreateTempSubdirectory("vlm-quantized-").FullName;

    public static TheoryData<string> Cases => Reference.Folders("golden/checkpoints_quantized", name => Families.IsBuilt(BaseOf(name)));

    [Theory]
    [MemberData(nameof(Cases))]
    public void Logits_equal_the_reference(string name)
    {
        using var scope = NewDisposeScope();
        using var frozen = no_grad();
        using VisionLanguageModel model = ModelLoader.Load(Open(name), device: TestDevice.Open(Device));
        using SafetensorsFile expected = SafetensorsFile.Open(Reference.Path("golden", "checkpoints_quantized", name, "logits.safetensors"));
        using GoldenInputs golden = GoldenInputs.Open($"{BaseOf(name)}/single");
        Assert.Equal(expected.Read("input_ids")[0].data<long>().ToArray(), golden.Samples[0].Tokens.Select(token => (long)token));
        using VlmBatch batch = VlmBatch.Create(golden.Samples, model.TokensPerTile, model.Device);
        Tensor logits = model.Head(model.Forward(batch, VisionFeatures.Encode(model, batch.Images))).cpu();
        Tensor own = logits.index_select(0, expected.Read("logits_positions"));
        Assert.InRange((own - expected.Read("logits_at_positions")[0]).abs().max().item<float>(), 0, Logits);
        Assert.InRange((logits.logsumexp(1) - expected.Read("logits_logsumexp")[0]).abs().max().item<float>(), 0, Logits);
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void Quantizing_the_plain_checkpoint_gives_the_same_bytes_under_the_same_names(string name)
    {
        using var scope = NewDisposeScope();
        string folder = Reference.Path("golden", "checkpoints_quantized", name);
        using JsonDocument config = JsonDocument.Parse(File.ReadAllBytes(Path.Combine(folder, ModelConfig.FileName)));
        JsonElement settings = config.RootElement.GetProperty("quantization_config");
        QuantOptions options = new()
        {
            Type = settings.GetProperty("bnb_4bit_quant_type").GetString() == "nf4" ? QuantizationType.Nf4 : QuantizationType.Fp4,
            DoubleQuantization = settings.GetProperty("bnb_4bit_use_double_quant").GetBoolean(),
            SkipModules = QuantOptions.BitsAndBytesSkipModules,
        };
        using VisionLanguageModel model = ModelLoader.Load(ModelFolder.Open(Reference.Path("golden", "checkpoints", BaseOf(name))), null, options, TestDevice.Open(Device));
        using SafetensorsFile expected = SafetensorsFile.Open(Path.Combine(folder, CheckpointWeights.SingleFileName));
        Dictionary<string, Tensor> written = model.Weights.Values
            .SelectMany(weight => weight.Quantized?.ToTensors(weight.Name) ?? [new(weight.Name, weight.Value)]).ToDictionary();
        Assert.Equal(expected.Entries.Keys.Order(StringComparer.Ordinal), written.Keys.Order(StringComparer.Ordinal));
        foreach ((string key, Tensor tensor) in written)
        {
            Tensor other = expected.Read(key);
            Assert.Equal(other.dtype, tensor.dtype);
            Assert.Equal(other.shape, tensor.shape);
            Assert.True(other.equal(tensor.cpu()).all().item<bool>(), key);
        }
        QuantizedModelFiles.Write(ModelFolder.Open(Reference.Path("golden", "checkpoints", BaseOf(name))), model, options, _folder);
        Assert.Equal(File.ReadAllBytes(Path.Combine(folder, CheckpointWeights.SingleFileName)), File.ReadAllBytes(Path.Combine(_folder, CheckpointWeights.SingleFileName)));
        string plain = File.ReadAllText(Reference.Path("golden", "checkpoints", BaseOf(name), ModelConfig.FileName));
        JsonElement described = JsonElement.Parse(QuantizedModelFiles.FormatConfig(plain, model, options)).GetProperty("quantization_config");
        Assert.True(JsonElement.DeepEquals(settings, described), described.ToString());
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void Damaged_parts_are_named(string name)
    {
        using var scope = NewDisposeScope();
        Open(name);
        string path = Path.Combine(_folder, CheckpointWeights.SingleFileName);
        Dictionary<string, Tensor> tensors;
        using (SafetensorsFile file = SafetensorsFile.Open(path))
        {
            tensors = file.Entries.Keys.ToDictionary(key => key, key => file.Read(key).clone());
        }
        string weight = tensors.Keys.First(key => key.EndsWith("q_proj.weight", StringComparison.Ordinal));
        void Damage(string key, Tensor? replacement, string expected)
        {
            Dictionary<string, Tensor> damaged = new(tensors);
            damaged.Remove(key);
            if (replacement is not null)
            {
                damaged.Add(key, replacement);
            }
            SafetensorsWriter.Write(path, damaged);
            Assert.Contains(expected, Assert.Throws<InvalidDataException>(() => ModelLoader.Load(ModelFolder.Open(_folder))).Message, StringComparison.Ordinal);
        }
        Damage(weight, zeros(4, 1, dtype: ScalarType.Byte), weight);
        Damage($"{weight}.absmax", null, $"{weight}.absmax");
        Damage($"{weight}.absmax", zeros(1), $"{weight}.absmax");
        Damage($"{weight}.quant_map", zeros(16), $"{weight}.quant_map");
        Damage($"{weight}.quant_state.bitsandbytes__nf4", tensor("{}"u8.ToArray()), "shape");
        Damage($"{weight}.quant_state.bitsandbytes__nf4", tensor("nonsense"u8.ToArray()), $"{weight}.quant_state.bitsandbytes__nf4");
    }

    public void Dispose()
    {
        Directory.Delete(_folder, recursive: true);
        GC.SuppressFinalize(this);
    }

    private static string BaseOf(string name) => name.Split('_')[0];

    // The pack's quantized folders hold neither tokenizer nor processor: those of the plain checkpoint.
    private ModelFolder Open(string name)
    {
        foreach (string source in new[] { Reference.Path("golden", "checkpoints", BaseOf(name)), Reference.Path("golden", "checkpoints_quantized", name) })
        {
            foreach (string file in Directory.EnumerateFiles(source))
            {
                File.Copy(file, Path.Combine(_folder, Path.GetFileName(file)), overwrite: true);
            }
        }
        return ModelFolder.Open(_folder);
    }
}
