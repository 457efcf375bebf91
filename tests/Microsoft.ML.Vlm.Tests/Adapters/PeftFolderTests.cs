using Microsoft.ML.Vlm.Adapters;
using Microsoft.ML.Vlm.Checkpoints;
using Microsoft.ML.Vlm.Tests.Training;
using static TorchSharp.torch;

namespace Microsoft.ML.Vlm.Tests.Adapters;

public sealed class PeftFolderTests : IDisposable
{
    private const string A = "base_model.model.layer.q_proj.lora_A.weight";
    private const string B = "base_model.model.layer.q_proj.lora_B.weight";
    private const string Config = """{ "peft_type": "LORA", "r": 2, "lora_alpha": 4, "target_modules": ["q_proj"] }""";

    private readonly string _folder = Path.Combine(Path.GetTempPath(), $"peft-{Guid.NewGuid():N}");

    public void Dispose()
    {
        if (Directory.Exists(_folder))
        {
            Directory.Delete(_folder, recursive: true);
        }
    }

    [Fact]
    public void What_is_saved_is_loaded_bit_for_bit()
    {
        using var scope = NewDisposeScope();
        using ToyModel model = new(), other = new();
        using AdapterSet saved = LoraInjection.Inject(model, new LoraOptions { Rank = 2, Alpha = 6, TargetModules = ["all-linear"] }, 1);
        saved.Save(_folder, "toy");
        Assert.Equal(["adapter_config.json", "adapter_model.safetensors"], Directory.GetFiles(_folder).Select(Path.GetFileName).Order());

        using AdapterSet loaded = PeftFolder.Load(other, _folder);
        Assert.Equal(saved.Layers.Keys, loaded.Layers.Keys);
        Assert.All(loaded.Layers.Values, layer => Assert.Equal(3, layer.Scale));
        Assert.All(saved.Parameters.Zip(loaded.Parameters), pair => Assert.True(ToyModel.Same(pair.First, pair.Second)));
        Assert.All(loaded.Layers, pair => Assert.Same(pair.Value, other.Linears[pair.Key].Adapter));
    }

    [Fact]
    public void Roles_are_written_as_names_so_that_the_same_layers_are_found()
    {
        using ToyModel model = new(), other = new();
        using AdapterSet saved = LoraInjection.Inject(model, new LoraOptions(), 1);
        saved.Save(_folder);
        using AdapterSet loaded = PeftFolder.Load(other, _folder);
        Assert.Equal(["layer.q_proj"], loaded.Layers.Keys);
        Assert.Equal(["layer.q_proj"], loaded.Options.TargetModules);
    }

    [Fact]
    public void Half_precision_becomes_float()
    {
        using var scope = NewDisposeScope();
        using ToyModel model = new();
        using AdapterSet loaded = Load(model, Config, new() { [A] = full(2, 6, 0.5f, dtype: ScalarType.BFloat16), [B] = zeros(6, 2, dtype: ScalarType.Float16) });
        Assert.All(loaded.Parameters, parameter => Assert.Equal(ScalarType.Float32, parameter.dtype));
        Assert.Equal(0.5f, loaded.Parameters.First()[1, 5].item<float>());
    }

    [Fact]
    public void A_missing_or_extra_tensor_is_an_error_that_names_it()
    {
        using var scope = NewDisposeScope();
        using ToyModel model = new();
        Refuses(model, new() { [A] = zeros(2, 6) }, $"1 tensor missing ({B})");
        Refuses(model, new() { [A] = zeros(2, 6), [B] = zeros(6, 2), ["base_model.model.layer.k_proj.lora_A.weight"] = zeros(2, 6) }, "1 tensor not expected (base_model.model.layer.k_proj");
    }

    [Fact]
    public void A_wrong_shape_or_type_is_an_error_that_names_it()
    {
        using var scope = NewDisposeScope();
        using ToyModel model = new();
        Refuses(model, new() { [A] = zeros(3, 6), [B] = zeros(6, 2) }, $"'{A}' is [3, 6]");
        Refuses(model, new() { [A] = zeros(2, 6), [B] = zeros(12) }, $"'{B}' is [12]");
        Refuses(model, new() { [A] = zeros(2, 6), [B] = zeros(6, 2, dtype: ScalarType.Int32) }, $"'{B}' is Int32");
    }

    [Fact]
    public void A_rule_that_fits_no_layer_is_an_error_about_the_configuration()
    {
        using var scope = NewDisposeScope();
        using ToyModel model = new();
        string config = Config.Replace("q_proj", "c_attn", StringComparison.Ordinal);
        Assert.Contains("adapter_config.json", Assert.Throws<InvalidDataException>(() => Load(model, config, new() { [A] = zeros(2, 6) })).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_folder_without_the_files_is_refused()
    {
        using ToyModel model = new();
        Directory.CreateDirectory(_folder);
        Assert.Contains("adapter_config.json", Assert.Throws<FileNotFoundException>(() => PeftFolder.Load(model, _folder)).Message, StringComparison.Ordinal);
    }

    // A refused adapter leaves the model as it was.
    private static void Refuses(ToyModel model, Dictionary<string, Tensor> tensors, string expected)
    {
        Assert.Contains(expected, Assert.Throws<InvalidDataException>(() => Load(model, Config, tensors)).Message, StringComparison.Ordinal);
        Assert.All(model.Linears.Values, linear => Assert.Null(linear.Adapter));
    }

    private static AdapterSet Load(ToyModel model, string config, Dictionary<string, Tensor> tensors)
    {
        using MemoryStream stream = new();
        SafetensorsWriter.Write(stream, tensors);
        using SafetensorsFile file = SafetensorsFile.Parse(stream.ToArray(), "adapter_model.safetensors");
        return PeftFolder.Load(model, config, file);
    }
}
