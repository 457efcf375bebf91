using System.Text.Json;
using Microsoft.ML.Vlm.Adapters;

namespace Microsoft.ML.Vlm.Tests.Adapters;

public sealed class PeftConfigTests
{
    private const string Core = """ "peft_type": "LORA", "r": 4, "lora_alpha": 8 """;

    [Fact]
    public void The_core_is_read_and_what_does_not_matter_is_left_out()
    {
        LoraOptions options = Parse($$"""
            { {{Core}}, "lora_dropout": 0.1, "target_modules": ["q_proj", "v_proj"], "peft_version": "0.20", "revision": "main", "use_dora": false,
              "rank_pattern": {}, "modules_to_save": null, "bias": "none", "megatron_core": "megatron.core", "a_later_feature": false }
            """);
        Assert.Equal((4, 8.0, 0.1), (options.Rank, options.Alpha, options.Dropout));
        Assert.Equal(["q_proj", "v_proj"], options.TargetModules);
    }

    [Theory]
    [InlineData("\"all-linear\"", "all-linear")]
    [InlineData("\"All-Linear\"", "all-linear")]
    [InlineData("\".*q_proj\"", "regex:.*q_proj")]
    public void A_text_as_target_is_a_rule(string json, string expected)
        => Assert.Equal([expected], Parse($$"""{ {{Core}}, "target_modules": {{json}} }""").TargetModules);

    [Theory]
    [InlineData("fan_in_fan_out", "true")]
    [InlineData("bias", "\"boft_only\"")]
    [InlineData("init_lora_weights", "\"pissa_niter_4\"")]
    [InlineData("init_lora_weights", "\"loftq\"")]
    [InlineData("trainable_token_indices", "[1]")]
    [InlineData("lora_bias", "true")]
    [InlineData("a_later_feature", "\"on\"")]
    public void A_feature_that_is_not_supported_is_refused_by_name(string key, string value)
    {
        string json = $$"""{ {{Core}}, "target_modules": ["q_proj"], "{{key}}": {{value}} }""";
        Assert.Contains($"'{key}'", Assert.Throws<InvalidDataException>(() => Parse(json)).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("{", "not a PEFT configuration")]
    [InlineData("[]", "not a PEFT configuration")]
    [InlineData("""{ "peft_type": "IA3" }""", "IA3")]
    [InlineData("""{ "peft_type": "LORA", "r": 4, "target_modules": ["q_proj"] }""", "'lora_alpha' is missing")]
    [InlineData("""{ "peft_type": "LORA", "r": "4", "lora_alpha": 8, "target_modules": ["q_proj"] }""", "not a PEFT configuration")]
    [InlineData("""{ "peft_type": "LORA", "r": 0, "lora_alpha": 8, "target_modules": ["q_proj"] }""", "out of its range")]
    [InlineData("""{ "peft_type": "LORA", "r": 4, "lora_alpha": 8, "target_modules": [] }""", "names no layer")]
    [InlineData("""{ "peft_type": "LORA", "r": 4, "lora_alpha": 8, "target_modules": null }""", "target_modules")]
    [InlineData("""{ "peft_type": "LORA", "r": 4, "lora_alpha": 8, "target_modules": ["regex:.*"] }""", "no name of a linear layer")]
    public void A_broken_configuration_is_refused(string json, string expected)
        => Assert.Contains(expected, Assert.Throws<InvalidDataException>(() => Parse(json)).Message, StringComparison.Ordinal);

    [Fact]
    public void What_is_written_is_read_again_and_roles_become_names()
    {
        LoraOptions options = new() { Rank = 16, Alpha = 32, Dropout = 0.05 };
        string json = PeftConfig.Format(options, ["model.a.q_proj", "model.b.q_proj"], "some/base");
        using JsonDocument document = JsonDocument.Parse(json);
        Assert.Equal("some/base", document.RootElement.GetProperty("base_model_name_or_path").GetString());
        Assert.True(document.RootElement.GetProperty("inference_mode").GetBoolean());
        Assert.Equal("CAUSAL_LM", document.RootElement.GetProperty("task_type").GetString());
        LoraOptions read = Parse(json);
        Assert.Equal((16, 32.0, 0.05), (read.Rank, read.Alpha, read.Dropout));
        Assert.Equal(["model.a.q_proj", "model.b.q_proj"], read.TargetModules);
    }

    [Theory]
    [InlineData("all-linear", "\"all-linear\"")]
    [InlineData("regex:.*q_proj", "\".*q_proj\"")]
    [InlineData("q_proj", "[\"q_proj\"]")]
    public void Rules_that_the_library_knows_are_written_as_they_are(string target, string expected)
    {
        using JsonDocument document = JsonDocument.Parse(PeftConfig.Format(new LoraOptions { TargetModules = [target] }, ["x"], null));
        Assert.Equal(expected, JsonSerializer.Serialize(document.RootElement.GetProperty("target_modules")));
    }

    [Fact]
    public void Every_feature_is_written_and_read_again()
    {
        LoraOptions options = new()
        {
            Rank = 6,
            Alpha = 12,
            TargetModules = ["q_proj", "up_proj"],
            ExcludeModules = ["regex:.*vision.*"],
            LayersToTransform = [0, 3],
            LayersPattern = ["layers"],
            RankPattern = new Dictionary<string, int> { ["q_proj"] = 2 },
            AlphaPattern = new Dictionary<string, double> { [@"layers\.3\..*"] = 1.5 },
            Bias = LoraBias.AdaptedOnly,
            UseRsLora = true,
            UseDora = true,
            Initialization = LoraInitialization.Gaussian,
            ModulesToSave = ["lm_head"],
        };
        LoraOptions read = Parse(PeftConfig.Format(options, ["x"], null));
        Assert.Equivalent(options, read, strict: true);
        string json = PeftConfig.Format(options, ["x"], null);
        Assert.Contains("\"exclude_modules\": \".*vision.*\"", json, StringComparison.Ordinal);
        Assert.Contains("\"bias\": \"lora_only\"", json, StringComparison.Ordinal);
    }

    [Fact]
    public void One_value_stands_for_a_list_of_it()
    {
        LoraOptions options = Parse($$"""{ {{Core}}, "target_modules": ["q_proj"], "layers_to_transform": 2, "layers_pattern": "layers", "exclude_modules": "a|b", "init_lora_weights": "eva" }""");
        Assert.Equal([2], options.LayersToTransform);
        Assert.Equal(["layers"], options.LayersPattern);
        Assert.Equal(["regex:a|b"], options.ExcludeModules);
        Assert.Equal(LoraInitialization.Kaiming, options.Initialization);
    }

    [Theory]
    [InlineData("\"use_dora\": true, \"init_lora_weights\": \"pissa\"", "cannot be combined")]
    [InlineData("\"rank_pattern\": {\"q\": 0}", "out of its range")]
    [InlineData("\"alpha_pattern\": {\"q\": \"x\"}", "not a PEFT configuration")]
    [InlineData("\"modules_to_save\": [null]", "empty entry")]
    [InlineData("\"layers_to_transform\": [-1]", "out of its range")]
    public void A_feature_with_a_wrong_value_is_refused(string property, string expected)
        => Assert.Contains(expected, Assert.Throws<InvalidDataException>(() => Parse($$"""{ {{Core}}, "target_modules": ["q_proj"], {{property}} }""")).Message, StringComparison.Ordinal);

    private static LoraOptions Parse(string json) => PeftConfig.Parse(json, "adapter_config.json");
}
