using Microsoft.ML.Data;

namespace Microsoft.ML.Vlm.Tests.Conformance;

public sealed class TaskEvaluationTests : IDisposable
{
    private readonly MLContext _ml = new(seed: 1);
    private readonly ColorData _data = new(6);

    [Fact]
    public void A_model_is_evaluated_as_its_transformed_data_is()
    {
        using VlmTransformer model = Apply();
        IDataView data = _data.LoadWithImages(_ml);
        VlmEvaluationReport asked = _ml.Vlm().Evaluate(model, data), read = _ml.Vlm().Evaluate(model.Transform(data), new VlmEvaluationOptions());
        Assert.Equal(model.Answers(_ml, data).Select(answer => answer.Response), asked.Rows.Select(row => row.Answer.Response));
        Assert.Equal(asked.Rows.Select(row => (row.Answer.Response, row.Answer.Question, row.Scores["relaxed_accuracy"])), read.Rows.Select(row => (row.Answer.Response, row.Answer.Question, row.Scores["relaxed_accuracy"])));
        Assert.Equal(asked.Metrics[0].Score, read.Metrics[0].Score);
        Assert.All(asked.Rows.Concat(read.Rows), row => Assert.Equal([137, 80, 78, 71], Assert.Single(row.Pictures!).Take(4).Select(value => (int)value)));
        Assert.Equal(("", 6), (asked.PromptSuffix, asked.Generation!.MaxNewTokens));
        Assert.Null(read.Generation);
    }

    [Fact]
    public void A_named_task_puts_its_questions_and_reports_its_groups()
    {
        using TransformerChain<VlmTransformer> model = Chain(out IDataView data);
        VlmEvaluationReport report = _ml.Vlm().Evaluate(model, data, new VlmEvaluationOptions { Task = VlmTask.ChartQa, MaxRows = 4, ShownRows = 2, ImageDependenceRows = 2 });
        Assert.Equal("ChartQA", report.Task);
        Assert.Equal(16, report.Generation!.MaxNewTokens);
        Assert.Equal(["augmented", "human"], report.Metrics[0].Groups.Keys);
        Assert.Equal(4, report.Rows.Count);
        Assert.All(report.Rows, row => Assert.EndsWith("?\nAnswer the question with a single word.", row.Answer.Question, StringComparison.Ordinal));
        Assert.Equal(2, report.Rows.Count(row => row.Pictures is not null));
        Assert.Equal(2, report.ImageDependence!.RowCount);

        // Recognized by its column, the model is asked as it was trained.
        VlmEvaluationReport recognized = _ml.Vlm().Evaluate(model, data, new VlmEvaluationOptions { MaxRows = 1 });
        Assert.Equal(("ChartQA", "", 6), (recognized.Task, recognized.PromptSuffix, recognized.Generation!.MaxNewTokens));
        Assert.Equal("which color 0?", recognized.Rows[0].Answer.Question);
    }

    [Theory]
    [InlineData(null, 6)]
    [InlineData(5L, 5)]
    public void Progress_is_told_behind_each_batch(long? most, int rows)
    {
        using VlmTransformer model = Apply();
        Steps steps = new();
        _ml.Vlm().Evaluate(model, _data.LoadWithImages(_ml), new VlmEvaluationOptions { MaxRows = most, Progress = steps });
        Assert.Equal([4, rows], steps.All.Select(step => step.Rows));
        Assert.All(steps.All, step => Assert.Equal(rows, step.TotalRows));
        Assert.True(steps.All[0].RemainingTime > TimeSpan.Zero);
        Assert.Equal(TimeSpan.Zero, steps.All[1].RemainingTime);
    }

    [Fact]
    public void Options_are_listed_behind_the_question()
    {
        using TransformerChain<VlmTransformer> model = Chain(out IDataView data);
        VlmEvaluationReport report = _ml.Vlm().Evaluate(model, data, new VlmEvaluationOptions { Task = VlmTask.Ai2d, LabelColumnName = "Right" });
        Assert.Equal("which color 0?\nA. red\nB. green\nAnswer with the option's letter from the given choices directly.", report.Rows[0].Answer.Question);
        Assert.Equal(["red", "green"], report.Rows[0].Answer.Choices);
        Assert.Equal(["multiple_choice_accuracy"], report.Metrics.Select(metric => metric.Name));

        Assert.Contains("names none", Assert.Throws<ArgumentException>(() => _ml.Vlm().Evaluate(model, data, new VlmEvaluationOptions { Task = VlmTask.Ai2d })).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Missing_columns_are_refused_by_name()
    {
        using VlmTransformer model = Apply();
        IDataView data = model.Transform(_data.LoadWithImages(_ml));
        foreach (VlmEvaluationOptions options in new VlmEvaluationOptions[] { new() { LabelColumnName = "Nothing" }, new() { GroupColumnName = "Nothing" }, new() { ResponseColumnName = "Nothing" }, new() { ChoicesColumnName = "Nothing" } })
        {
            Assert.Contains("'Nothing'", Assert.Throws<ArgumentOutOfRangeException>(() => _ml.Vlm().Evaluate(data, options)).Message, StringComparison.Ordinal);
        }
        Assert.Contains("expected text, a number", Assert.Throws<ArgumentOutOfRangeException>(() => _ml.Vlm().Evaluate(data, new VlmEvaluationOptions { GroupColumnName = "Image" })).Message, StringComparison.Ordinal);
    }

    public void Dispose() => _data.Dispose();

    private VlmTransformer Apply() => (VlmTransformer)_ml.Transforms.ApplyVlm(VlmOptions.Applied()).Fit(_data.LoadWithImages(_ml));

    private TransformerChain<VlmTransformer> Chain(out IDataView data)
    {
        data = _ml.Data.LoadFromEnumerable(_data.Rows.Select((row, index) => new Question
        {
            ImagePath = row.ImagePath,
            Prompt = row.Prompt,
            Label = row.Label,
            Right = $"{index % 2}",
            Kind = index % 2,
            Options = ["red", "green"],
        }));
        return _data.Images(_ml).Append(_ml.Transforms.ApplyVlm(VlmOptions.Applied())).Fit(data);
    }

    private sealed class Question
    {
        public string ImagePath { get; set; } = "";

        public string Prompt { get; set; } = "";

        public string Label { get; set; } = "";

        public string Right { get; set; } = "";

        [ColumnName("human_or_machine")]
        public int Kind { get; set; }

        [ColumnName("options")]
        public string[] Options { get; set; } = [];
    }

    private sealed class Steps : IProgress<VlmEvaluationProgress>
    {
        public List<VlmEvaluationProgress> All { get; } = [];

        public void Report(VlmEvaluationProgress value) => All.Add(value);
    }
}
