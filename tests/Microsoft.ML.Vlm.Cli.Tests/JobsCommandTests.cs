using System.Text.Json.Nodes;
using Microsoft.ML.Vlm.Cli.Jobs;
using Microsoft.ML.Vlm.Fakes;

namespace Microsoft.ML.Vlm.Cli.Tests;

/// <summary>Jobs against a hub that pretends to run them.</summary>
public sealed class JobsCommandTests : IAsyncLifetime
{
    private static readonly string[] s_train = ["sft", "--model_name_or_path", HubWorld.Model, "--dataset_name", HubWorld.Dataset];

    private HubWorld _world = null!;

    public async ValueTask InitializeAsync() => _world = await HubWorld.StartAsync();

    public ValueTask DisposeAsync() => _world.DisposeAsync();

    [Fact]
    public void A_training_job_is_submitted_followed_and_told_when_to_end()
    {
        _world.Hub.Jobs.LogCuts.Enqueue(2);
        ToolRun run = Run([.. s_train, "--push_to_hub", "--hub_model_id", "tester/charts"]).Succeeded();

        JsonNode job = Assert.Single(_world.Hub.Jobs.Submitted);
        Assert.Equal(["vlm", .. s_train, "--push_to_hub", "--hub_model_id", "tester/charts"], job["command"]!.AsArray().Select(word => (string)word!));
        Assert.Equal(("a100-large", 7200, "ghcr.io/me/vlm:1"), ((string?)job["flavor"], (int)job["timeoutSeconds"]!, (string?)job["dockerImage"]));
        Assert.Equal(FakeHub.Token, (string?)job["secrets"]!["HF_TOKEN"]);
        Assert.Equal("6000s", (string?)job["environment"]!["VLM_STOP_AFTER"]);
        Assert.Contains("job ", run.Output, StringComparison.Ordinal);
        Assert.Equal(["step 1", "step 2", "step 3"], run.Output.Split(Environment.NewLine).Where(line => line.StartsWith("step ", StringComparison.Ordinal)));
        Assert.DoesNotContain(FakeHub.Token, run.Output + run.Error, StringComparison.Ordinal);
    }

    [Fact]
    public void A_file_of_options_goes_along_as_flags()
    {
        string file = _world.Path("options.yaml");
        File.WriteAllText(file, $"model_name_or_path: {HubWorld.Model}\ndataset_name: {HubWorld.Dataset}\npush_to_hub: true\nlora:\n  r: 4\n  target_modules: [q_proj, v_proj]\nmax_length: none\nstop_after: 1h\n");
        Run("sft", "--config", file, "--max_steps", "5").Succeeded();

        JsonNode job = Assert.Single(_world.Hub.Jobs.Submitted);
        string command = string.Join(' ', job["command"]!.AsArray().Select(word => (string)word!));
        Assert.DoesNotContain("--config", command, StringComparison.Ordinal);
        Assert.Contains("--lora_r 4 --lora_target_modules q_proj v_proj", command, StringComparison.Ordinal);
        Assert.Contains("--max_length none", command, StringComparison.Ordinal);
        Assert.Contains("--max_steps 5", command, StringComparison.Ordinal);
        Assert.Null(job["environment"]!["VLM_STOP_AFTER"]);
    }

    [Fact]
    public void A_second_job_goes_on_where_the_time_of_the_first_was_up()
    {
        ToolRun job = Run([.. s_train, "--push_to_hub", "--hub_model_id", "tester/charts"]).Succeeded();
        Assert.Contains("--hub_strategy checkpoint lets a second job go on", job.Error, StringComparison.Ordinal);
        Assert.Contains("--resume_from_checkpoint latest", Run([.. s_train, "--push_to_hub", "--hub_strategy", "all_checkpoints"]).Succeeded().Error, StringComparison.Ordinal);
        string[] command = [.. s_train, "--push_to_hub", "--hub_strategy", "checkpoint", "--resume_from_checkpoint", "latest", "--max_steps", "3", "--eval_strategy", "no"];
        Assert.DoesNotContain("--resume_from_checkpoint", Run(command).Succeeded().Error, StringComparison.Ordinal);

        // What both jobs do, on machines that begin with nothing; the first one's time is up behind its first step.
        ToolRun.Of([.. command, "--hub_model_id", "tester/whole", "--output_dir", _world.Path("whole")]).Succeeded();
        command = [.. command, "--hub_model_id", "tester/jobs"];
        _world.Set("VLM_STOP_AFTER", "60s");
        ToolRun first = ToolRun.Begun(TimeSpan.FromMinutes(2), [.. command, "--output_dir", _world.Path("first")]).Succeeded();
        Assert.Contains("The time of the run is up", first.Error, StringComparison.Ordinal);
        ToolRun.Of([.. command, "--output_dir", _world.Path("second"), "--stop_after", "1h"]).Succeeded();
        Assert.False(Directory.Exists(_world.Path("first", "checkpoint-3")));
        Assert.Equal(File.ReadAllBytes(_world.Path("whole", "adapter_model.safetensors")), File.ReadAllBytes(_world.Path("second", "adapter_model.safetensors")));
    }

    [Fact]
    public void A_job_that_fails_is_an_exit_code()
    {
        _world.Hub.Jobs.FinalStage = "ERROR";
        Run([.. s_train, "--push_to_hub"]).Failed(1, "ended as ERROR: exit code 1");
    }

    [Theory]
    [InlineData("", "The job has no command")]
    [InlineData("sft --model_name_or_path org/m --dataset_name org/d", "Nothing would be left of what is trained")]
    [InlineData("sft --model_name_or_path org/m --dataset_name org/d --push_to_hub --lerning_rate 1", "Did you mean '--learning_rate'?")]
    [InlineData("sft --model_name_or_path org/m --dataset_name org/d --push_to_hub --max_steps 0", "max_steps must be at least 1")]
    [InlineData("sft --model_name_or_path / --dataset_name org/d --push_to_hub", "model_name_or_path: '/' is on this machine")]
    public void What_would_fail_there_is_refused_here(string words, string message)
    {
        Run(words.Split(' ', StringSplitOptions.RemoveEmptyEntries)).Failed(ExitCode.Usage, message);
        Assert.Empty(_world.Hub.Jobs.Submitted);
    }

    [Theory]
    [InlineData("--flavor a100-large", "'--timeout' is required")]
    [InlineData("--flavor a100-large --timeout soon --image x", "'soon' is no time for a job")]
    [InlineData("--flavor a100-large --timeout 1h", "image is missing")]
    [InlineData("--flavor a100-large --timeout 1h --image x", "push_to_hub needs a token in the job")]
    [InlineData("--flavor a100-large --timeout 1h --image x --secrets HF_TOKEN=hf_secret", "--secrets takes names alone")]
    [InlineData("--flavor a100-large --timeout 1h --image x --secrets NOWHERE", "there is no environment variable of that name")]
    [InlineData("--flavor a100-large --timeout 1h --image x --secrets HF_TOKEN --volume data", "'data' is no volume")]
    public void What_a_job_needs_has_to_be_said(string flags, string message)
    {
        ToolRun run = ToolRun.Of(["jobs", "run", .. flags.Split(' '), "--", .. s_train, "--push_to_hub"]).Failed(ExitCode.Usage, message);
        Assert.DoesNotContain("hf_secret", run.Error, StringComparison.Ordinal);
        Assert.Empty(_world.Hub.Jobs.Submitted);
    }

    [Fact]
    public void Jobs_are_listed_shown_and_ended()
    {
        ToolRun started = ToolRun.Of(
            "jobs", "run", "--flavor", "cpu-basic", "--timeout", "10m", "--image", "https://huggingface.co/spaces/org/vlm", "--volume", "dataset:org/data:/data:ro", "--detach", "--", "doctor").Succeeded();
        string id = started.Output.Split(' ', ':')[1];
        JsonNode job = Assert.Single(_world.Hub.Jobs.Submitted);
        Assert.Equal("org/vlm", (string?)job["spaceId"]);
        Assert.Equal(("dataset", "org/data", "/data"), ((string?)job["volumes"]![0]!["type"], (string?)job["volumes"]![0]!["source"], (string?)job["volumes"]![0]!["mountPath"]));

        Assert.Contains(id, ToolRun.Of("jobs", "ps").Succeeded().Output, StringComparison.Ordinal);
        Assert.Equal("cpu-basic", (string?)JsonNode.Parse(ToolRun.Of("jobs", "inspect", id).Succeeded().Output)!["flavor"]);
        ToolRun.Of("jobs", "cancel", id).Succeeded();
        Assert.DoesNotContain(id, ToolRun.Of("jobs", "ps").Succeeded().Output, StringComparison.Ordinal);
        Assert.Contains("CANCELED", ToolRun.Of("jobs", "ps", "--all", "--json").Succeeded().Output, StringComparison.Ordinal);
        Assert.Contains("2.50 USD per hour", ToolRun.Of("jobs", "hardware").Succeeded().Output, StringComparison.Ordinal);
        ToolRun.Of("jobs", "inspect", "nothing").Failed(ExitCode.Failure, "Job not found");
    }

    [Theory]
    [InlineData(600, 480)]
    [InlineData(7200, 6000)]
    [InlineData(86_400, 85_200)]
    public void Training_ends_a_fifth_but_at_most_twenty_minutes_before_the_timeout(int timeout, int stop) => Assert.Equal(stop, JobRequest.StopAfterSeconds(timeout));

    [Theory]
    [InlineData(null, 1)]
    [InlineData("exit code 1", 1)]
    [InlineData("Job failed with exit code: 130. Reason: Error", 130)]
    public void The_exit_code_follows_the_jobs(string? message, int code) => Assert.Equal(code, JobSession.ExitCodeOf(message));

    private static ToolRun Run(params string[] words)
        => ToolRun.Of(["jobs", "run", "--flavor", "a100-large", "--secrets", "HF_TOKEN", "--timeout", "2h", "--image", "ghcr.io/me/vlm:1", "--", .. words]);
}
