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
    public void A_whole_rule_stands_alone()
        => Assert.Contains("2 entries", Assert.Throws<ArgumentException>(() => Choose("q_proj", "vision")).Message, StringComparison.Ordinal);

    [Fact]
    public void A_malformed_or_endless_expression_is_refused()
    {
        Assert.Contains("not a regular expression", Assert.Throws<ArgumentException>(() => Choose("regex:(q_proj")).Message, StringComparison.Ordinal);
        string[] slow = [new string('a', 40) + "!"];
        Assert.Contains("simpler", Assert.Throws<ArgumentException>(
            () => AdapterTargets.Choose(slow, Head, RoleOf, ["regex:(a|aa|a?a)+"])).Message, StringComparison.Ordinal);
    }

    private static IReadOnlyList<string> Choose(params string[] targets) => AdapterTargets.Choose([Text, TextMlp, Vision, Connector, Head], Head, RoleOf, targets);

    private static ModelRole RoleOf(string path)
        => path.StartsWith("model.vision_model", StringComparison.Ordinal) ? ModelRole.Vision
            : path.StartsWith("model.connector", StringComparison.Ordinal) ? ModelRole.Connector : ModelRole.Language;
}
