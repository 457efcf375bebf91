using System.Text.Json.Nodes;
using Microsoft.ML.Vlm.Fakes;
using Microsoft.ML.Vlm.Tests.Conformance;

namespace Microsoft.ML.Vlm.Cli.Tests;

/// <summary>What is done with models: answering, talking, evaluating, merging, looking, planning.</summary>
public sealed class ApplyCommandTests : IAsyncLifetime
{
    private HubWorld _world = null!;

    public async ValueTask InitializeAsync() => _world = await HubWorld.StartAsync();

    public ValueTask DisposeAsync() => _world.DisposeAsync();

    [Fact]
    public void An_adapter_is_trained_evaluated_asked_and_merged()
    {
        string adapter = _world.Path("adapter"), merged = _world.Path("merged"), lines = _world.Path("answers.jsonl");
        ToolRun.Of(["sft", "--quiet", .. Train, "--output_dir", adapter, "--max_steps", "3", "--eval_strategy", "no", "--learning_rate", "0.01"]).Succeeded();

        ToolRun.Of(["eval", .. Train, "--adapter_path", adapter, "--max_new_tokens", "4"]).Succeeded();
        string image = WriteImage();
        string asked = ToolRun.Of("generate", "--model_name_or_path", HubWorld.Model, "--adapter_path", adapter, "--prompt", "which color?", "--image", image, "--max_new_tokens", "4").Succeeded().Output;
        ToolRun piped = ToolRun.With("which color?\n", default, "generate", "--json", "--model_name_or_path", HubWorld.Model, "--adapter_path", adapter, "--image", image, "--max_new_tokens", "4").Succeeded();
        Assert.Equal(asked.TrimEnd('\n', '\r'), (string?)JsonNode.Parse(piped.Output)!["response"]);

        ToolRun merge = ToolRun.Of("merge", "--model_name_or_path", HubWorld.Model, "--adapter_path", adapter, "--output_dir", merged, "--merge_dtype", "float32").Succeeded();
        Assert.Contains($"merged model in {merged}", merge.Output, StringComparison.Ordinal);
        Assert.Equal(asked, ToolRun.Of("generate", "--model_name_or_path", merged, "--prompt", "which color?", "--image", image, "--max_new_tokens", "4").Succeeded().Output);
    }

    [Fact]
    public void A_conversation_remembers_what_was_said()
    {
        string image = WriteImage();
        ToolRun run = ToolRun.With($"/image {image}\nwhich color?\nand now?\n/what\n/new\nhello\n/exit\nnever\n", default, "chat", "--model_name_or_path", HubWorld.Model, "--max_new_tokens", "3").Succeeded();
        Assert.Contains("'/what' is no command", run.Error, StringComparison.Ordinal);
        ToolRun again = ToolRun.With($"/image {image}\nwhich color?\nand now?\n", default, "chat", "--model_name_or_path", HubWorld.Model, "--max_new_tokens", "3").Succeeded();
        Assert.StartsWith(again.Output, run.Output, StringComparison.Ordinal);
        Assert.NotEqual(again.Output, run.Output);
        ToolRun.With("/image nowhere.png\n", default, "chat", "--model_name_or_path", HubWorld.Model).Failed(ExitCode.Failure, "There is no image");
    }

    [Fact]
    public void Options_data_and_model_are_looked_at_before_training()
    {
        ToolRun run = ToolRun.Of(["validate", "sft", .. Train]).Succeeded();
        Assert.Contains("6 rows", run.Output, StringComparison.Ordinal);
        JsonNode report = JsonNode.Parse(ToolRun.Of(["validate", "sft", "--json", .. Train]).Succeeded().Output)!;
        Assert.Equal((6, 6, false), ((int)report["rows"]!, (int)report["images"]!, (bool)report["has_errors"]!));
        ToolRun.Of(["validate", "sft", .. Train, "--lora_target_modules", "nothing_like_it"]).Failed(ExitCode.Failure, "nothing_like_it");
        Assert.Equal(ExitCode.Failure, ToolRun.Of(["validate", "sft", .. Train, "--max_length", "4"]).Code);
    }

    [Fact]
    public void The_memory_of_a_run_is_planned()
    {
        JsonNode plan = JsonNode.Parse(ToolRun.Of(["plan", "sft", "--json", .. Train]).Succeeded().Output)!;
        Assert.Equal(6, (int)plan["rows"]!);
        Assert.True((long)plan["peak"]! > (long)plan["weights"]!);
        Assert.Contains("peak", ToolRun.Of(["plan", "sft", .. Train]).Succeeded().Output, StringComparison.Ordinal);
    }

    [Fact]
    public void The_doctor_says_what_there_is_and_never_the_token()
    {
        ToolRun run = ToolRun.Of("doctor", "--online").Succeeded();
        Assert.Contains("there is one", run.Output, StringComparison.Ordinal);
        Assert.Contains(FakeHub.User, run.Output, StringComparison.Ordinal);
        Assert.DoesNotContain(FakeHub.Token, run.Output + run.Error, StringComparison.Ordinal);
        _world.Set("HF_TOKEN", null);
        Assert.Equal("note", (string?)JsonNode.Parse(ToolRun.Of("doctor", "--json").Succeeded().Output)!.AsArray().Single(row => (string?)row!["what"] == "hub token")!["state"]);
        _world.Set("HF_ENDPOINT", "nowhere");
        ToolRun broken = ToolRun.Of("doctor");
        Assert.Equal(ExitCode.Failure, broken.Code);
        Assert.Contains("is no address of a hub", broken.Output, StringComparison.Ordinal);
    }

    [Fact]
    public void A_run_whose_time_is_up_is_pushed_and_gone_on_with()
    {
        string output = _world.Path("run");
        _world.Set("VLM_STOP_AFTER", "1s");
        string[] train = ["sft", .. Train, "--output_dir", output, "--num_train_epochs", "10000", "--eval_strategy", "no", "--push_to_hub", "--hub_model_id", "tester/timed", "--hub_strategy", "checkpoint"];
        ToolRun run = ToolRun.Of(train).Succeeded();
        Assert.Contains("The time of the run is up", run.Error, StringComparison.Ordinal);
        Assert.Contains("adapter_model.safetensors", _world.Hub.Find("tester/timed")!.Files.Keys);
        Assert.Contains(_world.Hub.Find("tester/timed")!.Files.Keys, file => file.StartsWith("last-checkpoint/", StringComparison.Ordinal));
        int Newest() => Directory.EnumerateDirectories(output, "checkpoint-*").Max(folder => int.Parse(Path.GetFileName(folder)["checkpoint-".Length..]));
        int reached = Newest();
        ToolRun.Of([.. train, "--resume_from_checkpoint", "true"]).Succeeded();
        Assert.True(Newest() > reached);
    }

    [Fact]
    public void A_program_of_its_own_ends_with_the_same_codes()
    {
        string program = Path.Combine(AppContext.BaseDirectory, "Microsoft.ML.Vlm.Cli.dll");
        using System.Diagnostics.Process process = System.Diagnostics.Process.Start(new System.Diagnostics.ProcessStartInfo("dotnet", [program, "explain", "sft", "--model_name_or_pat", "x"]) { RedirectStandardError = true, RedirectStandardOutput = true })!;
        string error = process.StandardError.ReadToEnd();
        process.WaitForExit();
        Assert.Equal((ExitCode.Usage, true), (process.ExitCode, error.Contains("Did you mean '--model_name_or_path'?", StringComparison.Ordinal)));
    }

    private static string[] Train => ["--model_name_or_path", HubWorld.Model, "--dataset_name", HubWorld.Dataset];

    private string WriteImage()
    {
        using ColorData colors = new(1);
        string path = _world.Path("red.png");
        File.Copy(colors.Path("0.png"), path, overwrite: true);
        return path;
    }
}
