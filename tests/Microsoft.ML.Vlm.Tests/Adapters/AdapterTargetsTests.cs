using Microsoft.ML.Vlm.Adapters;
using Microsoft.ML.Vlm.Models;

namespace Microsoft.ML.Vlm.Tests.Adapters;

public sealed class AdapterTargetsTests
{
    private const string Text = "model.text_model.layers.0.self_attn.q_proj";
    private const string TextMlp = "model.text_model.layers.0.mlp.up_proj";
    private const string Vision = "model.vision_model.encoder.layers.0.self_attn.q_proj";
    private const string Connector = "model.connector.modality_projection.proj";
    private const string Head = "lm_head";

    [Fact]
    public void A_list_entry_is_a_full_name_or_the_end_of_one_behind_a_dot()
    {
        Assert.Equal([Text, Vision], Choose("q_proj"));
        Assert.Equal([Connector], Choose("proj"));
        Assert.Equal([Text], Choose(Text));
        Assert.Equal([Text, Vision, Connector], Choose("self_attn.q_proj", "modality_projection.proj"));
        Assert.Equal([Head], Choose("lm_head"));
    }

    [Fact]
    public void A_regular_expression_has_to_match_the_whole_name()
    {
        Assert.Equal([Text, TextMlp], Choose(@"regex:model\.text_model\..*_proj"));
        Assert.Equal([Text, TextMlp], Choose(@"regex:^(?!.*vision).*(q|up)_proj$"));
        Assert.Throws<ArgumentException>(() => Choose("regex:q_proj"));
        Assert.Equal([Text, Head], Choose($"regex:{Text}|{Head}"));
    }

    [Fact]
    public void All_linear_leaves_the_head_out_and_roles_do_too()
    {
        Assert.Equal([Text, TextMlp, Vision, Connector], Choose("all-linear"));
        Assert.Equal([Text, TextMlp, Vision, Connector], Choose("ALL-LINEAR"));
        Assert.Equal([Text, TextMlp], Choose("language"));
        Assert.Equal([Vision], Choose("vision"));
        Assert.Equal([Connector], Choose("connector"));
    }

    [Fact]
    public void Nothing_chosen_is_an_error_that_names_layers()
    {
        string message = Assert.Throws<ArgumentException>(() => Choose("query_key_value")).Message;
        Assert.Contains("query_key_value", message, StringComparison.Ordinal);
        Assert.Contains("q_proj, up_proj, proj, lm_head", message, StringComparison.Ordinal);
        Assert.Throws<ArgumentException>(() => Choose("_proj"));
    }

    [Fact]
    public void Excluded_names_and_modules_to_save_get_no_adapter()
    {
        Assert.Equal([Text], Choose(new LoraOptions { TargetModules = ["q_proj"], ExcludeModules = [Vision] }));
        Assert.Equal([TextMlp], Choose(new LoraOptions { ExcludeModules = ["q_proj"] }));
        Assert.Equal([Text, TextMlp], Choose(new LoraOptions { TargetModules = ["all-linear"], ExcludeModules = [@"regex:model\.(vision_model|connector)\..*"] }));
        Assert.Equal([Text, TextMlp], Choose(new LoraOptions { TargetModules = ["all-linear"], ModulesToSave = ["vision_model", "modality_projection"] }));
        Assert.Equal([Text], Choose(new LoraOptions { TargetModules = ["q_proj", "lm_head"], ExcludeModules = ["vision_model.encoder.layers.0.self_attn.q_proj"], ModulesToSave = ["lm_head"] }));
        Assert.Contains("leave none", Assert.Throws<ArgumentException>(() => Choose(new LoraOptions { TargetModules = [Text], ExcludeModules = ["q_proj"] })).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Layers_are_chosen_by_their_first_number_or_the_one_behind_a_pattern()
    {
        string[] paths = ["model.layers.0.q_proj", "model.layers.1.q_proj", "model.layers.1.experts.0.q_proj", "model.blocks.0.q_proj"];
        IReadOnlyList<string> chooseLayers(LoraOptions options) => AdapterTargets.Choose(paths, Head, RoleOf, options);
        Assert.Equal([paths[0], paths[3]], chooseLayers(new LoraOptions { TargetModules = ["q_proj"], LayersToTransform = [0] }));
        Assert.Equal([paths[1], paths[2]], chooseLayers(new LoraOptions { LayersToTransform = [1] }));
        Assert.Equal([paths[2]], chooseLayers(new LoraOptions { TargetModules = ["q_proj"], LayersToTransform = [0], LayersPattern = ["experts"] }));
        Assert.Equal([paths[0], paths[2], paths[3]], chooseLayers(new LoraOptions { TargetModules = ["q_proj"], LayersToTransform = [0], LayersPattern = ["experts", "layers|blocks"] }));
        Assert.Equal([paths[1]], chooseLayers(new LoraOptions { TargetModules = [paths[1]], LayersToTransform = [1] }));
        Assert.Contains("number 7; they have 0 to 1", Assert.Throws<ArgumentException>(() => chooseLayers(new LoraOptions { LayersToTransform = [0, 7] })).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Each_entry_has_to_match_unless_the_rules_come_from_elsewhere()
    {
        string message = Assert.Throws<ArgumentException>(() => Choose("q_proj", "qproj", "up_proj")).Message;
        Assert.Contains("TargetModules: 'qproj' matches none", message, StringComparison.Ordinal);
        Assert.Contains("Nearest: q_proj, ", message, StringComparison.Ordinal);
        Assert.Contains("ExcludeModules: 'self_attn.k_proj'", Assert.Throws<ArgumentException>(
            () => Choose(new LoraOptions { ExcludeModules = ["self_attn.k_proj"] })).Message, StringComparison.Ordinal);
        Assert.Contains("ExcludeModules: 'regex:k_proj'", Assert.Throws<ArgumentException>(() => Choose(new LoraOptions { ExcludeModules = ["regex:k_proj"] })).Message, StringComparison.Ordinal);
        Assert.Equal([Text, Vision], Choose(new LoraOptions { TargetModules = ["q_proj", "qproj"], ExcludeModules = ["k_proj"] }, everyEntry: false));
    }

    [Fact]
    public void A_pattern_key_matches_at_the_end_and_the_first_one_counts()
    {
        Assert.Equal("q_proj", AdapterTargets.KeyFor(["k_proj", "q_proj", Text], Text));
        Assert.Equal(@"layers\.\d+\.self_attn\.[qk]_proj", AdapterTargets.KeyFor([@"layers\.\d+\.self_attn\.[qk]_proj"], Text));
        Assert.Null(AdapterTargets.KeyFor(["proj", "self_attn"], Text));
        Assert.Throws<ArgumentException>(() => AdapterTargets.KeyFor(["(q_proj"], Text));
    }

    [Fact]
    public void A_whole_rule_stands_alone()
        => Assert.Contains("2 entries", Assert.Throws<ArgumentException>(() => Choose("q_proj", "vision")).Message, StringComparison.Ordinal);

    [Fact]
    public void A_malformed_or_endless_expression_is_refused()
    {
        Assert.Contains("not a regular expression", Assert.Throws<ArgumentException>(() => Choose("regex:(q_proj")).Message, StringComparison.Ordinal);
        string[] slow = [new string('a', 40) + "!"];
        Assert.Contains("simpler", Assert.Throws<ArgumentException>(
            () => AdapterTargets.Choose(slow, Head, RoleOf, new LoraOptions { TargetModules = ["regex:(a|aa|a?a)+"] })).Message, StringComparison.Ordinal);
    }

    private static IReadOnlyList<string> Choose(params string[] targets) => Choose(new LoraOptions { TargetModules = targets });

    private static IReadOnlyList<string> Choose(LoraOptions options, bool everyEntry = true)
        => AdapterTargets.Choose([Text, TextMlp, Vision, Connector, Head], Head, RoleOf, options, everyEntry);

    private static ModelRole RoleOf(string path)
        => path.StartsWith("model.vision_model", StringComparison.Ordinal) ? ModelRole.Vision
            : path.StartsWith("model.connector", StringComparison.Ordinal) ? ModelRole.Connector : ModelRole.Language;
}
