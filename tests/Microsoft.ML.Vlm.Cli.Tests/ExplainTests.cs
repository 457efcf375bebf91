using System.Text.Json.Nodes;

namespace Microsoft.ML.Vlm.Cli.Tests;

/// <summary>Where values come from, and what is said about those that cannot be.</summary>
public sealed class ExplainTests : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("vlm-cli-");

    public void Dispose() => _folder.Delete(recursive: true);

    [Fact]
    public void A_flag_wins_over_the_file_and_the_file_over_the_default()
    {
        string file = Write("""
            model_name_or_path: org/model
            learning_rate: 1e-4
            num-train-epochs: 2
            report_to: [trackio, tensorboard]
            lora:
              r: 4
              target_modules: [q_proj, v_proj]
            max_length: null
            """);
        Dictionary<string, JsonNode> rows = Explain("sft", "--config", file, "--learning-rate", "3e-4", "--no_preflight", "--lora_rank_pattern", "q_proj=2", "k_proj=3");

        Assert.Equal(("0.0003", "--learning_rate", "2E-05"), Row(rows["learning_rate"]));
        Assert.Equal(("2", "options.yaml:3", "3"), Row(rows["num_train_epochs"]));
        Assert.Equal(("trackio tensorboard", "options.yaml:4", "none"), Row(rows["report_to"]));
        Assert.Equal(("4", "options.yaml:6", "16"), Row(rows["lora_r"]));
        Assert.Equal(("q_proj v_proj", "options.yaml:7", null), Row(rows["lora_target_modules"]));
        Assert.Equal(("none", "options.yaml:8", "1024"), Row(rows["max_length"]));
        Assert.Equal(("false", "--no_preflight", null), Row(rows["preflight"]));
        Assert.Equal(("q_proj=2 k_proj=3", "--lora_rank_pattern", null), Row(rows["lora_rank_pattern"]));
        Assert.Equal(("8", "default", null), Row(rows["per_device_train_batch_size"]));
        Assert.Equal(("trainer_output", "default", null), Row(rows["output_dir"]));
    }

    [Fact]
    public void Departures_are_shown_alone()
    {
        ToolRun run = ToolRun.Of("explain", "dpo", "--model_name_or_path", "org/model", "--departures").Succeeded();
        Assert.Contains("precompute_ref_log_probs", run.Output, StringComparison.Ordinal);
        Assert.Contains("1E-06", run.Output, StringComparison.Ordinal);
        Assert.DoesNotContain("adam_beta1", run.Output, StringComparison.Ordinal);
    }

    [Fact]
    public void Good_and_bad_answers_have_options_of_their_own()
    {
        Dictionary<string, JsonNode> rows = Explain("kto", "--model_name_or_path", "org/model", "--desirable_weight", "1.3", "--beta", "0.2");
        Assert.Equal(("1.3", "--desirable_weight", "1"), Row(rows["desirable_weight"]));
        Assert.Equal(("0.2", "--beta", "0.1"), Row(rows["beta"]));
        Assert.Equal("1E-06", (string?)rows["learning_rate"]["trl_default"]);
        ToolRun.Of("explain", "kto", "--model_name_or_path", "org/model", "--undesirable_weight", "0").Failed(ExitCode.Usage, "undesirable_weight must be above 0");
        ToolRun.Of("kto", "--model_name_or_path", "org/model", "--loss_type", "kto").Failed(ExitCode.Usage, "'vlm kto' has one loss");
    }

    [Fact]
    public void Flags_of_TRL_that_say_one_thing_in_two_ways_are_understood()
    {
        Dictionary<string, JsonNode> rows = Explain("sft", "--model_name_or_path", "org/model", "--bf16", "--load_in_4bit", "--use_bnb_nested_quant", "false", "--completion_only_loss", "false");
        Assert.Equal("bfloat16", (string?)rows["dtype"]["value"]);
        Assert.Equal("nf4", (string?)rows["bnb_4bit_quant_type"]["value"]);
        Assert.Equal("false", (string?)rows["use_bnb_nested_quant"]["value"]);
        Assert.Equal("full_sequence", (string?)rows["label_masking"]["value"]);
        Assert.Equal("none", (string?)Explain("sft", "--model_name_or_path", "org/model", "--use_peft", "false")["lora_r"]["value"]);
        Assert.Equal("latest", (string?)Explain("sft", "--model_name_or_path", "org/model", "--resume_from_checkpoint", "True")["resume_from_checkpoint"]["value"]);
        Assert.Equal("polynomial", (string?)Explain("sft", "--model_name_or_path", "org/model", "--lr_scheduler_type", "polynomial", "--lr_scheduler_kwargs", "power=2")["lr_scheduler_type"]["value"]);
        Assert.Equal("sigmoid sft", (string?)Explain("dpo", "--model_name_or_path", "org/model", "--loss_type", "sigmoid", "sft")["loss_type"]["value"]);
    }

    [Theory]
    [InlineData("learning_rat: 1", "options.yaml:2: there is no option 'learning_rat'. Did you mean 'learning_rate'?")]
    [InlineData("lora:\n  target_module: q_proj", "options.yaml:3: the section 'lora' has no option 'target_module'. Did you mean 'target_modules'?")]
    [InlineData("lora:\n  max_steps: 4", "options.yaml:3: the section 'lora' has no option 'max_steps'.")]
    [InlineData("datasets:\n- path: a/b\n  frction: 1", "options.yaml:4: a data set of 'datasets' has no 'frction'. Did you mean 'fraction'?")]
    [InlineData("datasets:\n- path: a/b\n- name: x", "options.yaml:4: datasets: a data set has no path")]
    [InlineData("datasets:\n- path: a/b\n  fraction: half", "options.yaml:3: datasets: fraction: 'half' is no number above 0.")]
    [InlineData("datasets:\n- path: a/b\n  split: train[:10%]", "options.yaml:3: datasets: 'train[:10%]' is a slice of a split")]
    [InlineData("datasets:\n- path: a/b\n  weight: 1\n- path: c/d", "'a/b' has a weight, but 'c/d' has none")]
    [InlineData("datasets: [a/b]\ndataset_name: c/d", "dataset_name and datasets are both given")]
    [InlineData("datasets: [a/b]\nstreaming: true", "options.yaml:3: 'streaming' is an option of TRL")]
    [InlineData("attn_implementation: eager", "options.yaml:2: 'attn_implementation' is an option of TRL or transformers that is not here")]
    [InlineData("max_steps: many", "options.yaml:2: max_steps: 'many' is no whole number.")]
    [InlineData("bf16: maybe", "options.yaml:2: bf16: 'maybe' is neither true nor false.")]
    [InlineData("optim: sgd", "options.yaml:2: optim: 'sgd' is none of its values.")]
    [InlineData("max_steps: 1\nmax-steps: 2", "'max_steps' is given twice")]
    [InlineData("max_steps: [", "this is no YAML")]
    [InlineData("max_steps: 0", "options.yaml:2: max_steps must be at least 1.")]
    [InlineData("load_best_model_at_end: true\neval_strategy: no", "there are none: give EvaluationData")]
    public void A_file_that_is_not_understood_is_refused_by_line(string text, string message)
        => ToolRun.Of("explain", "sft", "--config", Write("model_name_or_path: org/model\n" + text)).Failed(ExitCode.Usage, message);

    [Theory]
    [InlineData("--lerning_rate 1", "--lerning_rate: 'vlm sft' has no such option. Did you mean '--learning_rate'?")]
    [InlineData("--lora_target_modules q_proj --lora_rr 2", "--lora_rr: 'vlm sft' has no such option. Did you mean '--lora_r'?")]
    [InlineData("--trust_remote_code", "nothing of a repository is ever run")]
    [InlineData("--hub_token x", "flags can be read by everybody")]
    [InlineData("--learning_rate -1", "--learning_rate: learning_rate must be above 0.")]
    [InlineData("--bf16 --dtype float32", "bf16 is true and dtype is float32")]
    [InlineData("--use_peft false --lora_r 2", "--lora_r: lora_r has no effect while use_peft is false.")]
    [InlineData("--bnb_4bit_quant_type fp4", "has no effect without load_in_4bit")]
    [InlineData("--load_in_4bit --load_in_8bit", "both given")]
    [InlineData("--completion_only_loss --assistant_only_loss", "contradict each other")]
    [InlineData("--lr_scheduler_type cosine_with_min_lr", "needs min_lr_rate")]
    [InlineData("--datasets a/b,splt=train", "--datasets: datasets: a data set has no 'splt'. Did you mean 'split'?")]
    [InlineData("--datasets a/b c/d --dataset_test_split test", "name it with eval_dataset_name")]
    [InlineData("--config nowhere.yaml", "there is no file")]
    [InlineData("", "dataset_name is missing")]
    public void A_command_line_that_is_not_understood_is_refused(string flags, string message)
        => ToolRun.Of(["sft", "--model_name_or_path", "org/model", .. flags.Split(' ', StringSplitOptions.RemoveEmptyEntries)]).Failed(ExitCode.Usage, message);

    [Fact]
    public void An_unknown_command_is_told_the_nearest()
    {
        ToolRun.Of("sfd").Failed(ExitCode.Usage, "'sfd' is no command. Did you mean 'sft'?");
        ToolRun.Of().Failed(ExitCode.Usage, "There are sft, dpo");
        ToolRun.Of("sft", "--dataset_name", "x").Failed(ExitCode.Usage, "model_name_or_path is missing");
    }

    [Fact]
    public void Help_lists_every_option()
    {
        ToolRun run = ToolRun.Of("sft", "--help").Succeeded();
        Assert.Contains("--per_device_train_batch_size", run.Output, StringComparison.Ordinal);
        Assert.DoesNotContain("--no_", run.Output, StringComparison.Ordinal);
    }

    private static Dictionary<string, JsonNode> Explain(string method, params string[] flags)
        => JsonNode.Parse(ToolRun.Of(["explain", method, "--json", .. flags]).Succeeded().Output)!.AsArray().ToDictionary(row => (string)row!["option"]!, row => row!);

    private static (string? Value, string? Source, string? Trl) Row(JsonNode row) => ((string?)row["value"], (string?)row["source"], (string?)row["trl_default"]);

    private string Write(string text)
    {
        string path = Path.Combine(_folder.FullName, "options.yaml");
        File.WriteAllText(path, text);
        return path;
    }
}
