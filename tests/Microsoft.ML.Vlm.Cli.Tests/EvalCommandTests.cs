using System.Text.Json.Nodes;
using Microsoft.ML.Vlm.Tests.Conformance;

namespace Microsoft.ML.Vlm.Cli.Tests;

/// <summary>What <c>vlm eval</c> says: the library's evaluation, whole.</summary>
public sealed class EvalCommandTests : IAsyncLifetime
{
    private HubWorld _world = null!;

    public async ValueTask InitializeAsync() => _world = await HubWorld.StartAsync();

    public ValueTask DisposeAsync() => _world.DisposeAsync();

    [Fact]
    public void A_known_data_set_is_scored_as_its_benchmark_with_intervals_and_groups()
    {
        string lines = _world.Path("answers.jsonl"), page = _world.Path("page.html"), results = _world.Path("results.json");
        ToolRun run = ToolRun.Of(["eval", "--json", .. Charts, "--max_new_tokens", "4", "--predictions_file", lines, "--report_file", page, "--results_file", results]).Succeeded();
        JsonNode report = JsonNode.Parse(run.Output)!;

        Assert.Contains("task ChartQA; --task puts the questions as the benchmark does", run.Error, StringComparison.Ordinal);
        Assert.Equal(("ChartQA", HubWorld.Dataset, "test", HubWorld.Model), ((string?)report["task"], (string?)report["dataset"], (string?)report["split"], (string?)report["model"]));
        Assert.Equal(["relaxed_accuracy", "exact_match"], report["metrics"]!.AsArray().Select(metric => (string)metric!["name"]!));
        JsonNode first = report["metrics"]![0]!;
        Assert.Equal((2, 1), ((int)first["groups"]!["human"]!["count"]!, (int)first["groups"]!["augmented"]!["count"]!));
        Assert.InRange((double)first["mean"]!, (double)first["low"]!, (double)first["high"]!);
        Assert.Equal(("", 4), ((string?)report["prompt_suffix"], (int)report["generation"]!["max_new_tokens"]!));
        Assert.True(JsonNode.DeepEquals(report, JsonNode.Parse(File.ReadAllText(results))));

        JsonNode[] answers = [.. File.ReadLines(lines).Select(line => JsonNode.Parse(line)!)];
        Assert.Equal(3, answers.Length);
        Assert.Equal(("which color 4?", "red", "human"), ((string?)answers[0]["prompt"], (string?)answers[0]["references"]![0], (string?)answers[0]["group"]));
        Assert.Equal((double)answers[0]["score"]!, (double)answers[0]["scores"]!["relaxed_accuracy"]!);
        string html = File.ReadAllText(page);
        Assert.Contains("which color 4?", html, StringComparison.Ordinal);
        Assert.Contains("data:image/png;base64,", html, StringComparison.Ordinal);
    }

    [Fact]
    public void A_task_that_is_named_puts_the_questions_and_bounds_the_answers()
    {
        JsonNode report = JsonNode.Parse(ToolRun.Of(["eval", "--json", .. Charts, "--task", "Chart-QA", "--metric", "exact_match", "anls", "--resamples", "100", "--confidence_level", "0.9", "--max_eval_samples", "2"]).Succeeded().Output)!;
        Assert.Equal(("\nAnswer the question with a single word.", 16), ((string?)report["prompt_suffix"], (int)report["generation"]!["max_new_tokens"]!));
        Assert.Equal(["exact_match", "anls"], report["metrics"]!.AsArray().Select(metric => (string)metric!["name"]!));
        Assert.Equal((0.9, 2), ((double)report["confidence_level"]!, report["rows"]!.AsArray().Count));
    }

    [Fact]
    public void Several_right_answers_and_options_are_recognized()
    {
        using ColorData colors = new(2);
        string documents = colors.Path("documents.jsonl"), choices = colors.Path("choices.jsonl");
        File.WriteAllLines(documents, colors.Rows.Select((row, index) => $$"""{"docId": {{index}}, "question": "{{row.Prompt}}", "answers": ["{{row.Label}}", "dark {{row.Label}}"], "image": "{{row.ImagePath}}"}"""));
        File.WriteAllLines(choices, colors.Rows.Select(row => $$"""{"question": "{{row.Prompt}}", "options": ["{{row.Label}}", "nothing"], "answer": "0", "image": "{{row.ImagePath}}"}"""));
        JsonNode read = JsonNode.Parse(ToolRun.Of("eval", "--json", "--model_name_or_path", HubWorld.Model, "--dataset_name", documents, "--max_new_tokens", "2").Succeeded().Output)!;
        Assert.Equal(("DocVQA", "anls", 2), ((string?)read["task"], (string?)read["metrics"]![0]!["name"], read["rows"]![0]!["references"]!.AsArray().Count));
        JsonNode chosen = JsonNode.Parse(ToolRun.Of("eval", "--json", "--model_name_or_path", HubWorld.Model, "--dataset_name", choices, "--task", "ai2d", "--column_mapping", "question=prompt", "answer=label").Succeeded().Output)!;
        Assert.Equal(("AI2D", "multiple_choice_accuracy", 2), ((string?)chosen["task"], (string?)chosen["metrics"]![0]!["name"], chosen["rows"]![0]!["choices"]!.AsArray().Count));
    }

    [Theory]
    [InlineData("--task chart", "--task: 'chart' is no task. Did you mean 'chartqa'?")]
    [InlineData("--metric relaxed", "Did you mean 'relaxed_accuracy'?")]
    [InlineData("--resamples 3", "--resamples: ")]
    [InlineData("--confidence_level 95", "confidence_level must be above 0 and below 1")]
    public void What_is_not_understood_is_refused_before_anything_is_loaded(string flags, string message)
        => ToolRun.Of(["eval", .. Charts, .. flags.Split(' ')]).Failed(ExitCode.Usage, message);

    private static string[] Charts => ["--model_name_or_path", HubWorld.Model, "--dataset_name", HubWorld.Dataset];
}
