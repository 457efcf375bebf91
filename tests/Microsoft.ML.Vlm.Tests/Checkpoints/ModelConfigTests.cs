using System.Text;
using Microsoft.ML.Vlm.Checkpoints;
using static TorchSharp.torch;

namespace Microsoft.ML.Vlm.Tests.Checkpoints;

public sealed class ModelConfigTests
{
    [Fact]
    public void What_a_file_leaves_out_has_the_values_of_the_reference()
    {
        // The classes' own defaults have 7 patches along an edge, which only the scale factors 1 and 7 divide.
        var config = Read<SmolVlmConfig>("""{ "model_type": "idefics3", "scale_factor": 7, "vision_config": {}, "text_config": null }""");
        Assert.Equal((1152, 3072, 12, 16, 224, 32), (config.Vision.HiddenSize, config.Vision.IntermediateSize, config.Vision.LayerCount, config.Vision.HeadCount, config.Vision.ImageSize, config.Vision.PatchSize));
        Assert.Equal((32000, 4096, 11008, 32, 32, 32, 128), (config.Text.VocabularySize, config.Text.HiddenSize, config.Text.IntermediateSize, config.Text.LayerCount, config.Text.HeadCount, config.Text.KeyValueHeadCount, config.Text.HeadSize));
        Assert.Equal((1e-5, 10000.0, 1e-6), (config.Text.RmsNormEpsilon, config.Text.RopeTheta, config.Vision.LayerNormEpsilon));
        Assert.Equal((128257, 128002, false, 1, ScalarType.Float32), (config.ImageTokenId, config.PadTokenId, config.TieWordEmbeddings, config.TokensPerTile, config.DType));
        Assert.Equal([2], config.EndTokenIds);
        // With a section of its own, the decoder has the defaults of its class instead.
        Assert.Equal(1e-6, Read<SmolVlmConfig>("""{ "model_type": "smolvlm", "scale_factor": 7, "text_config": {} }""").Text.RmsNormEpsilon);
    }

    [Fact]
    public void Head_sizes_follow_from_the_hidden_size_where_they_are_not_given()
    {
        var config = Read<LlamaConfig>("""{ "model_type": "llama", "hidden_size": 96, "num_attention_heads": 6, "num_key_value_heads": null, "head_dim": null }""");
        Assert.Equal((16, 6), (config.HeadSize, config.KeyValueHeadCount));
    }

    [Theory]
    [InlineData("""{ "model_type": "llama", "rope_theta": 5e4, "rope_scaling": null }""")]
    [InlineData("""{ "model_type": "llama", "rope_theta": 50000, "rope_scaling": { "type": "default" } }""")]
    [InlineData("""{ "model_type": "llama", "rope_theta": 1, "rope_parameters": { "rope_type": "default", "rope_theta": 50000.0 } }""")]
    public void The_rotary_base_is_read_from_either_place(string json) => Assert.Equal(50000.0, Read<LlamaConfig>(json).RopeTheta);

    [Theory]
    [InlineData("""{ "model_type": "llama", "torch_dtype": "bfloat16" }""", ScalarType.BFloat16)]
    [InlineData("""{ "model_type": "llama", "dtype": "float16", "torch_dtype": "bfloat16" }""", ScalarType.Float16)]
    [InlineData("""{ "model_type": "smolvlm", "scale_factor": 7, "text_config": { "dtype": "bfloat16" } }""", ScalarType.BFloat16)]
    public void The_type_is_read_under_either_name(string json, ScalarType expected) => Assert.Equal(expected, ModelConfig.Parse(Encoding.UTF8.GetBytes(json), "config.json").DType);

    [Theory]
    [InlineData("""{ "model_type": "llama", "eos_token_id": [1, 7] }""", new[] { 1, 7 })]
    [InlineData("""{ "model_type": "smolvlm", "scale_factor": 7, "eos_token_id": 5, "text_config": { "eos_token_id": 3 } }""", new[] { 5 })]
    [InlineData("""{ "model_type": "smolvlm", "scale_factor": 7, "text_config": { "eos_token_id": 3 } }""", new[] { 3 })]
    public void End_tokens_are_one_or_several(string json, int[] expected) => Assert.Equal(expected, ModelConfig.Parse(Encoding.UTF8.GetBytes(json), "config.json").EndTokenIds);

    [Theory]
    [InlineData("""{ "model_type": "qwen2_vl" }""", "'qwen2_vl'")]
    [InlineData("""{ }""", "smolvlm, idefics3")]
    [InlineData("""{ "model_type": "smolvlm", "text_config": { "model_type": "mistral" } }""", "text_config.model_type")]
    [InlineData("""{ "model_type": "llama", "rope_scaling": { "rope_type": "llama3" } }""", "llama3")]
    [InlineData("""{ "model_type": "llama", "rope_scaling": { "type": "linear", "factor": 2 } }""", "linear")]
    [InlineData("""{ "model_type": "llama", "rope_parameters": { "partial_rotary_factor": 0.5 } }""", "rope_parameters")]
    [InlineData("""{ "model_type": "llama", "hidden_act": "gelu" }""", "gelu")]
    [InlineData("""{ "model_type": "llama", "rope_interleaved": true }""", "rope_interleaved")]
    [InlineData("""{ "model_type": "idefics3", "vision_config": { "hidden_act": "quick_gelu" } }""", "vision_config.hidden_act")]
    [InlineData("""{ "model_type": "idefics3", "vision_config": { "num_channels": 4 } }""", "vision_config.num_channels")]
    public void What_is_not_supported_is_named(string json, string expected)
    {
        var exception = Assert.Throws<NotSupportedException>(() => ModelConfig.Parse(Encoding.UTF8.GetBytes(json), "some/config.json"));
        Assert.Contains(expected, exception.Message);
        Assert.Contains("some/config.json", exception.Message);
    }

    [Theory]
    [InlineData("""[]""", "not a JSON object")]
    [InlineData("""{ "model_type": "llama" """, "not valid JSON")]
    [InlineData("""{ "model_type": "llama", "hidden_size": "64" }""", "hidden_size")]
    [InlineData("""{ "model_type": "llama", "hidden_size": 0 }""", "hidden_size")]
    [InlineData("""{ "model_type": "llama", "hidden_size": -64 }""", "hidden_size")]
    [InlineData("""{ "model_type": "llama", "hidden_size": 64.5 }""", "hidden_size")]
    [InlineData("""{ "model_type": "llama", "hidden_size": 1e18 }""", "hidden_size")]
    [InlineData("""{ "model_type": "llama", "hidden_size": 65 }""", "num_attention_heads")]
    [InlineData("""{ "model_type": "llama", "num_key_value_heads": 5 }""", "num_key_value_heads")]
    [InlineData("""{ "model_type": "llama", "head_dim": 7 }""", "head_dim")]
    [InlineData("""{ "model_type": "llama", "rope_theta": 0 }""", "rope_theta")]
    [InlineData("""{ "model_type": "llama", "rms_norm_eps": 1e999 }""", "rms_norm_eps")]
    [InlineData("""{ "model_type": "llama", "attention_bias": 1 }""", "attention_bias")]
    [InlineData("""{ "model_type": "llama", "dtype": "int4" }""", "int4")]
    [InlineData("""{ "model_type": "llama", "eos_token_id": ["a"] }""", "eos_token_id")]
    [InlineData("""{ "model_type": "llama", "dtype": "\ud800" }""", "dtype")]
    [InlineData("""{ "model_type": "smolvlm", "text_config": 5 }""", "text_config")]
    [InlineData("""{ "model_type": "smolvlm", "vision_config": { "patch_size": 500 } }""", "vision_config.patch_size")]
    [InlineData("""{ "model_type": "smolvlm", "vision_config": { "num_attention_heads": 7 } }""", "vision_config.num_attention_heads")]
    [InlineData("""{ "model_type": "smolvlm", "scale_factor": 4 }""", "scale_factor")]
    public void Wrong_values_are_refused_by_file_and_key(string json, string expected)
    {
        var exception = Assert.Throws<InvalidDataException>(() => ModelConfig.Parse(Encoding.UTF8.GetBytes(json), "some/config.json"));
        Assert.Contains(expected, exception.Message);
        Assert.Contains("some/config.json", exception.Message);
    }

    private static T Read<T>(string json) => Assert.IsType<T>(ModelConfig.Parse(Encoding.UTF8.GetBytes(json), "config.json"));
}
