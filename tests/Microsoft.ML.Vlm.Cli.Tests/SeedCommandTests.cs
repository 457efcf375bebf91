using Microsoft.ML.Vlm.Fakes;
using Microsoft.ML.Vlm.Tests.Conformance;

namespace Microsoft.ML.Vlm.Cli.Tests;

/// <summary>The course's own command, whole: downloads, maps columns, trains, tracks, evaluates, pushes.</summary>
public sealed class SeedCommandTests : IAsyncLifetime
{
    private HubWorld _world = null!;

    public async ValueTask InitializeAsync() => _world = await HubWorld.StartAsync();

    public ValueTask DisposeAsync() => _world.DisposeAsync();

    [Fact]
    public void The_courses_command_runs_whole()
    {
        string output = _world.Path("output");
        ToolRun run = ToolRun.Of(
            "sft", "--model_name_or_path", HubWorld.Model, "--dataset_name", HubWorld.Dataset, "--report_to", "trackio", "--push_to_hub", "--hub_model_id", "tester/charts",
            "--output_dir", output, "--max_length", "none", "--per_device_train_batch_size", "2", "--logging_steps", "2", "--num_train_epochs", "2").Succeeded();

        // What came, and how it was understood.
        Assert.Contains("ChartQA: Prompt <- query; Label <- label", run.Error, StringComparison.Ordinal);
        Assert.True(Directory.Exists(_world.Path("home", "hub", "models--HuggingFaceTB--SmolVLM2-2.2B-Instruct", "snapshots")));
        Assert.True(Directory.Exists(_world.Path("home", "hub", "datasets--HuggingFaceM4--ChartQA", "snapshots")));

        // What was trained, and how it went.
        Assert.Contains($"adapter in {output}", run.Output, StringComparison.Ordinal);
        Assert.Contains($"\nSmolVLM2-2.2B-Instruct-{DateTime.UtcNow.Year}", run.Error, StringComparison.Ordinal);
        Assert.True(File.Exists(Path.Combine(output, "adapter_model.safetensors")));
        Assert.True(File.Exists(Path.Combine(output, "report.html")));
        string[] tracked = [.. Directory.EnumerateFiles(_world.Path("home", "trackio", "inbox"), "*", SearchOption.AllDirectories).Select(File.ReadAllText)];
        Assert.Contains(tracked, text => text.Contains("train/loss", StringComparison.Ordinal));
        Assert.Contains(tracked, text => text.Contains("eval/loss", StringComparison.Ordinal));

        // What everybody can have of it.
        FakeRepository pushed = _world.Hub.Find("tester/charts")!;
        Assert.Contains("adapter_model.safetensors", pushed.Files.Keys);
        Assert.Contains("README.md", pushed.Files.Keys);
        Assert.DoesNotContain(FakeHub.Token, run.Output + run.Error, StringComparison.Ordinal);
    }

    [Fact]
    public void Preferences_of_a_file_are_trained_on()
    {
        using ColorData colors = new(4);
        string pairs = colors.Path("pairs.jsonl"), output = _world.Path("aligned");
        File.WriteAllLines(pairs, colors.Rows.Select(row => $$"""{"prompt": "{{row.Prompt}}", "chosen": "{{row.Label}}", "rejected": "I do not know", "image": "{{row.ImagePath}}"}"""));
        ToolRun run = ToolRun.Of(
            "dpo", "--model_name_or_path", HubWorld.Model, "--dataset_name", pairs, "--output_dir", output, "--max_steps", "2", "--per_device_train_batch_size", "2", "--loss_type", "sigmoid", "sft",
            "--loss_weights", "1", "0.5", "--beta", "0.2").Succeeded();
        Assert.Contains("Chosen <- chosen", run.Error, StringComparison.Ordinal);

        // A warning is shown once, though log and progress both hear of it.
        Assert.Single(run.Error.Split('\n'), line => line.Contains("The chosen answer is the shorter one", StringComparison.Ordinal) && line.StartsWith("warning: ", StringComparison.Ordinal));
        Assert.True(File.Exists(Path.Combine(output, "adapter_model.safetensors")));
    }

    [Fact]
    public void Good_and_bad_answers_of_a_file_are_trained_on()
    {
        using ColorData colors = new(4);
        string answers = colors.Path("answers.jsonl"), others = colors.Path("others.jsonl"), output = _world.Path("aligned");
        File.WriteAllLines(answers, colors.Rows.Select((row, index) => $$"""{"prompt": "{{row.Prompt}}", "completion": "{{row.Label}}", "label": {{(index % 2 == 0 ? "true" : "false")}}, "image": "{{row.ImagePath}}"}"""));
        File.WriteAllLines(others, colors.Rows.Select((row, index) => $$"""{"q": "{{row.Prompt}}", "a": "{{row.Label}}", "thumb": {{(index % 2 == 0 ? "true" : "false")}}, "image": "{{row.ImagePath}}"}"""));
        string[] train = ["kto", "--model_name_or_path", HubWorld.Model, "--max_steps", "2", "--per_device_train_batch_size", "2", "--undesirable_weight", "1.2"];
        ToolRun run = ToolRun.Of([.. train, "--dataset_name", answers, "--output_dir", output]).Succeeded();
        Assert.Contains("TRL unpaired preferences: Prompt <- prompt; Completion <- completion; Label <- label", run.Error, StringComparison.Ordinal);
        Assert.True(File.Exists(Path.Combine(output, "adapter_model.safetensors")));

        string mapped = _world.Path("mapped");
        ToolRun.Of([.. train, "--dataset_name", others, "--column_mapping", "q=prompt", "a=completion", "--output_dir", mapped]).Succeeded();
        Assert.Equal(File.ReadAllBytes(Path.Combine(output, "adapter_model.safetensors")), File.ReadAllBytes(Path.Combine(mapped, "adapter_model.safetensors")));
    }

    [Fact]
    public void A_data_set_without_that_part_is_refused_by_name()
        => ToolRun.Of("sft", "--model_name_or_path", HubWorld.Model, "--dataset_name", HubWorld.Dataset, "--dataset_test_split", "holdout", "--output_dir", _world.Path("output"))
            .Failed(ExitCode.Failure, "has no split 'holdout'; there are");

    [Fact]
    public void What_the_hub_does_not_have_is_one_message()
    {
        ToolRun run = ToolRun.Of("sft", "--model_name_or_path", HubWorld.Model, "--dataset_name", "org/nothing", "--output_dir", _world.Path("output"));
        Assert.Equal(ExitCode.Failure, run.Code);
        Assert.StartsWith("vlm: ", run.Error, StringComparison.Ordinal);
        Assert.DoesNotContain("   at ", run.Error, StringComparison.Ordinal);
    }

    [Fact]
    public void Cancelled_is_an_exit_code_of_its_own()
    {
        using CancellationTokenSource source = new();
        source.Cancel();
        ToolRun run = ToolRun.With("", source.Token, "sft", "--model_name_or_path", HubWorld.Model, "--dataset_name", HubWorld.Dataset, "--output_dir", _world.Path("output"));
        Assert.Equal(ExitCode.Cancelled, run.Code);
    }
}
