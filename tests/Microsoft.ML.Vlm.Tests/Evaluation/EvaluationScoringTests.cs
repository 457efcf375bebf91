using System.Text.Json;
using Microsoft.ML.Vlm.Evaluation;

namespace Microsoft.ML.Vlm.Tests.Evaluation;

public sealed class EvaluationScoringTests
{
    private static readonly VlmAnsweredRow[] s_rows =
    [
        new(0, "How many?", ["4"], "4") { Group = "human" },
        new(1, "How many?", ["10"], "11") { Group = "human" },
        new(2, "Which?", ["red"], "Red") { Group = "augmented" },
        new(4, "Which?", ["blue", "navy"], "<b>navy</b>") { Group = "augmented" },
    ];

    [Fact]
    public void Metrics_are_means_over_all_rows_and_over_each_group()
    {
        VlmEvaluationReport report = Score(new VlmEvaluationOptions { Task = VlmTask.ChartQa });
        Assert.Equal(["relaxed_accuracy", "exact_match"], report.Metrics.Select(metric => metric.Name));
        Assert.Equal(0.5, report.Score);
        Assert.Equal(0.25, report["exact_match"].Score.Mean);
        Assert.Equal([("augmented", 0.5, 2), ("human", 0.5, 2)], report.Metrics[0].Groups.Select(group => (group.Key, group.Value.Mean, group.Value.Count)));
        Assert.Equal(0, report["exact_match"].Groups["augmented"].Mean);
        Assert.Equal([1L, 4, 0, 2], report.WorstFirst().Select(row => row.Answer.Row));
        Assert.Contains("exact_match", Assert.Throws<KeyNotFoundException>(() => report["exact"]).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Intervals_follow_from_the_seed_and_hold_the_mean()
    {
        VlmScore first = Score(new VlmEvaluationOptions()).Metrics[0].Score, second = Score(new VlmEvaluationOptions()).Metrics[0].Score;
        Assert.Equal(first, second);
        Assert.Equal((0, 1), (first.Low, first.High));
        VlmScore narrow = Score(new VlmEvaluationOptions { ConfidenceLevel = 0.2 }).Metrics[0].Score;
        Assert.True(narrow.Low >= first.Low && narrow.High <= first.High && narrow.High - narrow.Low < 1);
        VlmScore same = new EvaluationScoring(new VlmEvaluationOptions(), VlmTask.General).Score([.. s_rows.Take(1)]).Metrics[0].Score;
        Assert.Equal(new VlmScore(1, 1, 1, 1), same);
    }

    [Fact]
    public void Metrics_of_ones_own_see_the_row_and_their_errors_name_it()
    {
        Dictionary<string, Func<VlmAnsweredRow, double>> own = new() { ["length"] = row => row.Response.Length };
        VlmEvaluationReport alone = Score(new VlmEvaluationOptions { CustomMetrics = own });
        Assert.Equal((1 + 2 + 3 + 11) / 4.0, alone.Score);
        Assert.Equal(["length"], alone.Metrics.Select(metric => metric.Name));
        Assert.False(alone.Metrics[0].IsPart);
        Assert.Equal(["exact_match", "length"], Score(new VlmEvaluationOptions { Metric = VlmMetric.ExactMatch, CustomMetrics = own }).Metrics.Select(metric => metric.Name));

        own["length"] = row => row.Row < 2 ? 1 : throw new FormatException("no number");
        string message = Assert.Throws<InvalidOperationException>(() => Score(new VlmEvaluationOptions { CustomMetrics = own })).Message;
        Assert.Contains("'length' fails on row 2: no number", message, StringComparison.Ordinal);
    }

    [Fact]
    public void The_json_has_a_stable_schema()
    {
        VlmEvaluationReport report = Score(new VlmEvaluationOptions { Task = VlmTask.ChartQa }) with { ImageDependence = new VlmImageDependence(2, 1, 2, null), Generation = new GenerationOptions() };
        JsonElement json = JsonDocument.Parse(report.ToJson()).RootElement;
        Assert.Equal(
            ["version", "task", "confidence_level", "prompt_suffix", "generation", "image_dependence", "metrics", "rows"], json.EnumerateObject().Select(property => property.Name));
        Assert.Equal(1, json.GetProperty("version").GetInt32());
        JsonElement metric = json.GetProperty("metrics")[0];
        Assert.Equal(["name", "mean", "low", "high", "count", "groups"], metric.EnumerateObject().Select(property => property.Name));
        Assert.Equal(0.5, metric.GetProperty("groups").GetProperty("human").GetProperty("mean").GetDouble());
        JsonElement row = json.GetProperty("rows")[3];
        Assert.Equal(["row", "question", "references", "choices", "group", "response", "scores"], row.EnumerateObject().Select(property => property.Name));
        Assert.Equal("<b>navy</b>", row.GetProperty("response").GetString());
        Assert.Equal(0, row.GetProperty("scores").GetProperty("relaxed_accuracy").GetDouble());
        Assert.Equal(JsonValueKind.Null, json.GetProperty("image_dependence").GetProperty("shuffled_loss").ValueKind);
    }

    [Fact]
    public void Tasks_are_found_by_name_and_recognized_by_their_columns()
    {
        Assert.Same(VlmTask.DocVqa, VlmTask.Find("docvqa"));
        Assert.Contains("Did you mean 'ChartQA'", Assert.Throws<ArgumentException>(() => VlmTask.Find("chartq")).Message, StringComparison.Ordinal);
        Assert.Same(VlmTask.ChartQa, VlmTask.Recognize(["Prompt", "Label", "human_or_machine"], []));
        Assert.Same(VlmTask.MultipleChoice, VlmTask.Recognize(["Prompt", "Label", "options"], ["options"]));
        Assert.Same(VlmTask.DocVqa, VlmTask.Recognize(["Prompt", "answers", "docId"], ["answers"]));
        Assert.Same(VlmTask.Vqa, VlmTask.Recognize(["Prompt", "answers"], ["answers"]));
        Assert.Null(VlmTask.Recognize(["Prompt", "Label", "answers"], []));
    }

    [Fact]
    public void Options_out_of_range_are_refused()
    {
        static void Refused(string name, VlmEvaluationOptions options) => Assert.Contains(name, Assert.ThrowsAny<ArgumentException>(options.Validate).Message, StringComparison.Ordinal);
        Refused("Resamples", new VlmEvaluationOptions { Resamples = 99 });
        Refused("ConfidenceLevel", new VlmEvaluationOptions { ConfidenceLevel = 1 });
        Refused("MaxRows", new VlmEvaluationOptions { MaxRows = 0 });
        Refused("anls", new VlmEvaluationOptions { CustomMetrics = new Dictionary<string, Func<VlmAnsweredRow, double>> { ["anls"] = _ => 1 } });
        Refused("metric", new VlmEvaluationOptions { FurtherMetrics = [(VlmMetric)99] });
        Assert.Throws<InvalidOperationException>(() => new EvaluationScoring(new VlmEvaluationOptions(), VlmTask.General).Score([]));
    }

    private static VlmEvaluationReport Score(VlmEvaluationOptions options) => new EvaluationScoring(options, options.Task ?? VlmTask.General).Score(s_rows);
}
