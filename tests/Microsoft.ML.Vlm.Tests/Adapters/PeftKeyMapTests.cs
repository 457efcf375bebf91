using Microsoft.ML.Vlm.Adapters;

namespace Microsoft.ML.Vlm.Tests.Adapters;

public sealed class PeftKeyMapTests
{
    private const string Layer = "base_model.model.model.text_model.layers.0.self_attn.q_proj";
    private const string Vision = "base_model.model.model.vision_model.encoder.layers.0.mlp.fc1";

    private static readonly string[] s_expected =
    [
        $"{Layer}.lora_A.weight", $"{Layer}.lora_B.weight", $"{Layer}.lora_magnitude_vector", $"{Vision}.base_layer.bias", "base_model.model.lm_head.weight",
        "base_model.model.model.connector.modality_projection.proj.weight",
    ];

    [Theory]
    [InlineData($"{Layer}.lora_A.weight", 0)]
    [InlineData("model.text_model.layers.0.self_attn.q_proj.lora_A.weight", 0)]
    [InlineData("base_model.model.text_model.layers.0.self_attn.q_proj.lora_A.weight", 0)]
    [InlineData("base_model.model.base_model.model.model.text_model.layers.0.self_attn.q_proj.lora_A.weight", 0)]
    [InlineData("base_model.model.model.model.text_model.layers.0.self_attn.q_proj.lora_A.weight", 0)]
    [InlineData("base_model.model.model.language_model.layers.0.self_attn.q_proj.lora_A.weight", 0)]
    [InlineData("base_model.model.language_model.model.layers.0.self_attn.q_proj.lora_A.weight", 0)]
    [InlineData("base_model.model.model.text_model.model.layers.0.self_attn.q_proj.lora_A.weight", 0)]
    [InlineData($"_orig_mod.{Layer}.lora_A.weight", 0)]
    [InlineData($"module.{Layer}.lora_B.default.weight", 1)]
    [InlineData($"{Layer}.lora_magnitude_vector.default.weight", 2)]
    [InlineData($"{Layer}.lora_magnitude_vector.weight", 2)]
    [InlineData($"{Layer}.lora_magnitude_vector.default", 2)]
    [InlineData($"{Vision}.bias", 3)]
    [InlineData("base_model.model.model.vision_tower.encoder.layers.0.mlp.fc1.bias", 3)]
    [InlineData("base_model.model.lm_head.modules_to_save.default.weight", 4)]
    [InlineData("base_model.model.lm_head.modules_to_save.weight", 4)]
    [InlineData("base_model.model.model.connector.modules_to_save.modality_projection.proj.weight", 5)]
    public void An_older_name_is_found(string stored, int expected)
    {
        IReadOnlyDictionary<string, string> found = PeftKeyMap.Match(s_expected, [stored]);
        Assert.Equal([new(s_expected[expected], stored)], found);
    }

    [Theory]
    [InlineData("base_model.model.model.text_model.layers.1.self_attn.q_proj.lora_A.weight")]
    [InlineData($"{Layer}.lora_C.weight")]
    [InlineData("layers.0.self_attn.q_proj.lora_A.weight")]
    public void Any_other_name_is_not(string stored) => Assert.Empty(PeftKeyMap.Match(s_expected, [stored]));

    [Fact]
    public void The_present_name_wins_over_an_older_one()
    {
        string old = $"{Layer}.lora_A.default.weight";
        Assert.Equal([new(s_expected[0], s_expected[0])], PeftKeyMap.Match(s_expected, [old, s_expected[0]]));
    }
}
