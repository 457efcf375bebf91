using Microsoft.ML.Vlm.Checkpoints;
using Microsoft.ML.Vlm.Models;
using Microsoft.ML.Vlm.Torch;
using static TorchSharp.torch;

namespace Microsoft.ML.Vlm.Tests.Models;

public sealed class ModelLoaderTests : IDisposable
{
    private const string Config = """
        {"model_type": "llama", "vocab_size": 6, "hidden_size": 4, "intermediate_size": 8, "num_hidden_layers": 1, "num_attention_heads": 2,
         "num_key_value_heads": 1, "tie_word_embeddings": true}
        """;

    private readonly string _folder = Directory.CreateTempSubdirectory("vlm-models-").FullName;

    [Fact]
    public void A_fitting_checkpoint_loads_in_the_type_it_is_stored_in()
    {
        Write(Tensors(ScalarType.BFloat16));
        using VisionLanguageModel model = ModelLoader.Load(ModelFolder.Open(_folder));
        Assert.Equal(ScalarType.BFloat16, model.ComputeType);
        Assert.All(model.Weights.Values, weight => Assert.Equal(ScalarType.BFloat16, weight.Value.dtype));
        Assert.Equal(11, model.Weights.Count);
        Assert.Equal(7, model.Linears.Count);
    }

    [Fact]
    public void A_checkpoint_loads_in_the_type_asked_for()
    {
        Write(Tensors(ScalarType.Float16));
        using VisionLanguageModel model = ModelLoader.Load(ModelFolder.Open(_folder), ScalarType.BFloat16);
        Assert.All(model.Weights.Values, weight => Assert.Equal(ScalarType.BFloat16, weight.Value.dtype));
        Assert.Throws<ArgumentOutOfRangeException>(() => ModelLoader.Load(ModelFolder.Open(_folder), ScalarType.Float16));
    }

    [Fact]
    public void Buffers_of_older_versions_and_a_copy_of_a_tied_head_are_no_fault()
    {
        Dictionary<string, Tensor> tensors = Tensors();
        tensors["lm_head.weight"] = zeros(6, 4);
        tensors["model.layers.0.self_attn.rotary_emb.inv_freq"] = zeros(1);
        tensors["model.vision_model.embeddings.position_ids"] = zeros(1, ScalarType.Int64);
        Write(tensors);
        using VisionLanguageModel model = ModelLoader.Load(ModelFolder.Open(_folder));
        Assert.Equal(11, model.Weights.Count);
    }

    [Fact]
    public void Missing_unexpected_and_misshapen_weights_are_listed_together()
    {
        Dictionary<string, Tensor> tensors = Tensors();
        tensors.Remove("model.norm.weight");
        tensors["model.layers.0.mlp.up_proj.weight"] = zeros(8, 5);
        for (int index = 0; index < 6; index++)
        {
            tensors[$"model.layers.1.extra{index}.weight"] = zeros(1);
        }
        Write(tensors);
        InvalidDataException error = Assert.Throws<InvalidDataException>(() => ModelLoader.Load(ModelFolder.Open(_folder)));
        Assert.Contains("1 missing (model.norm.weight)", error.Message, StringComparison.Ordinal);
        Assert.Contains("1 of another shape or type (model.layers.0.mlp.up_proj.weight is Float32 [8, 5] instead of [8, 4])", error.Message, StringComparison.Ordinal);
        Assert.Contains("6 not expected (model.layers.1.extra0.weight, ", error.Message, StringComparison.Ordinal);
        Assert.Contains("extra4.weight, ...)", error.Message, StringComparison.Ordinal);
        Assert.Contains(_folder, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Integers_are_no_weights()
    {
        Dictionary<string, Tensor> tensors = Tensors();
        tensors["model.norm.weight"] = zeros(4, ScalarType.Int8);
        Write(tensors);
        InvalidDataException error = Assert.Throws<InvalidDataException>(() => ModelLoader.Load(ModelFolder.Open(_folder)));
        Assert.Contains("model.norm.weight is Int8", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public unsafe void Weights_in_the_compute_type_lie_over_the_mapped_file()
    {
        Write(Tensors());
        using CheckpointWeights weights = CheckpointWeights.Open(_folder);
        using CheckpointWeightSource source = new(weights, ScalarType.Float32, _folder);
        using Tensor mapped = weights.Read("model.norm.weight");
        fixed (float* there = Aten.Elements<float>(mapped), here = Aten.Elements<float>(source.Weight("model.norm.weight", 4).Value))
        {
            Assert.True(there == here);
        }
    }

    [Fact]
    public void An_unknown_family_names_the_known_ones()
    {
        LlamaConfig config = new() { ModelType = "mamba" };
        using CheckpointWeightSource source = new(Opened(), ScalarType.Float32, _folder);
        NotSupportedException error = Assert.Throws<NotSupportedException>(() => ModelRegistry.Create(config, source, ScalarType.Float32));
        Assert.Contains("'mamba'", error.Message, StringComparison.Ordinal);
        Assert.Contains("smolvlm, idefics3, llama", error.Message, StringComparison.Ordinal);
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private CheckpointWeights Opened()
    {
        Write(Tensors());
        return CheckpointWeights.Open(_folder);
    }

    private static Dictionary<string, Tensor> Tensors(ScalarType type = ScalarType.Float32)
    {
        Dictionary<string, long[]> shapes = new()
        {
            ["model.embed_tokens.weight"] = [6, 4],
            ["model.norm.weight"] = [4],
            ["model.layers.0.input_layernorm.weight"] = [4],
            ["model.layers.0.post_attention_layernorm.weight"] = [4],
            ["model.layers.0.self_attn.q_proj.weight"] = [4, 4],
            ["model.layers.0.self_attn.k_proj.weight"] = [2, 4],
            ["model.layers.0.self_attn.v_proj.weight"] = [2, 4],
            ["model.layers.0.self_attn.o_proj.weight"] = [4, 4],
            ["model.layers.0.mlp.gate_proj.weight"] = [8, 4],
            ["model.layers.0.mlp.up_proj.weight"] = [8, 4],
            ["model.layers.0.mlp.down_proj.weight"] = [4, 8],
        };
        return shapes.ToDictionary(pair => pair.Key, pair => zeros(pair.Value, type));
    }

    private void Write(Dictionary<string, Tensor> tensors)
    {
        File.WriteAllText(Path.Combine(_folder, ModelConfig.FileName), Config);
        SafetensorsWriter.Write(Path.Combine(_folder, CheckpointWeights.SingleFileName), tensors);
        foreach (Tensor tensor in tensors.Values)
        {
            tensor.Dispose();
        }
    }
}
