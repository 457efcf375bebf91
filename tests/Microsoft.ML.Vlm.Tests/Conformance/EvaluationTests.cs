using Microsoft.ML.Data;

namespace Microsoft.ML.Vlm.Tests.Conformance;

public sealed class EvaluationTests : IDisposable
{
    private readonly MLContext _ml = new(seed: 1);
    private readonly ColorData _data = new(10);
    private readonly ColorData _held = new(6);

    [Fact]
    public void Loss_and_answers_with_their_pictures_reach_the_callback()
    {
        List<VlmEvaluation> evaluations = [];
        List<(int Width, int Height)> sizes = [];
        MLImage? kept = null;
        using (VlmTransformer model = Fit(o =>
        {
            (o.MaxSteps, o.EvalSteps, o.GeneratedEvaluationRows) = (4, 2, 3);
            o.EvaluationCallback = evaluation =>
            {
                evaluations.Add(evaluation);
                kept = evaluation.Answers[0].Images[0];
                sizes.AddRange(evaluation.Answers.Select(answer => (answer.Images[0].Width, answer.Images[0].Height)));
            };
        }))
        {
            Assert.Equal([2, 4], evaluations.Select(evaluation => evaluation.Step));
            Assert.All(evaluations, evaluation =>
            {
                Assert.Equal(6, evaluation.RowCount);
                Assert.True(evaluation.Loss > 0 && double.IsFinite(evaluation.Loss));
                Assert.Equal(["which color 0?", "which color 1?", "which color 2?"], evaluation.Answers.Select(answer => answer.Prompt));
                Assert.Equal(["red", "green", "blue"], evaluation.Answers.Select(answer => answer.Label));
            });
            Assert.Equal([(12, 10), (13, 10), (14, 10)], sizes.Take(3));
            Assert.Throws<InvalidOperationException>(() => kept!.Width);

            // What was generated while training is what the finished model says.
            Assert.Equal(model.Answers(_ml, _held.LoadWithImages(_ml)).Take(3).Select(answer => answer.Response), evaluations[^1].Answers.Select(answer => answer.Response));
        }
    }

    [Fact]
    public void The_result_is_the_best_model_when_that_is_asked_for()
    {
        List<VlmEvaluation> evaluations = [];
        List<VlmCheckpoint> saved = [];
        string output = _data.Path("run");
        using VlmTransformer model = Fit(o =>
        {
            (o.MaxSteps, o.EvalSteps, o.OutputDirectory, o.LoadBestModelAtEnd, o.SaveStrategy) = (8, 1, output, true, SaveStrategy.Best);
            (o.MetricForBestModel, o.GreaterIsBetter, o.SaveTotalLimit, o.GeneratedEvaluationRows) = ("eval_entropy", true, 1, 0);
            (o.EvaluationCallback, o.SaveCallback) = (evaluations.Add, saved.Add);
        });

        VlmEvaluation best = evaluations.MaxBy(evaluation => evaluation.Values["eval_entropy"])!;
        Assert.Equal(evaluations.Where(evaluation => evaluation.IsBest).Select(evaluation => evaluation.Step), saved.Select(checkpoint => checkpoint.Step));
        string checkpoint = Path.Combine(output, $"checkpoint-{best.Step}");
        Assert.Equal([checkpoint], Directory.EnumerateDirectories(output));
        Assert.Equal(File.ReadAllBytes(Path.Combine(checkpoint, "adapter_model.safetensors")), File.ReadAllBytes(Path.Combine(output, "adapter_model.safetensors")));
    }

    [Fact]
    public void Answers_are_scored_by_a_task_and_images_taken_away_while_training()
    {
        List<VlmEvaluation> evaluations = [];
        using (VlmTransformer model = Fit(o =>
        {
            (o.MaxSteps, o.EvalSteps, o.GeneratedEvaluationRows, o.EvaluationImageRows) = (2, 1, 6, 3);
            o.EvaluationTask = VlmTask.General with { Metric = VlmMetric.Anls, FurtherMetrics = [VlmMetric.ExactMatch], GroupColumnName = "Number", GroupNames = new Dictionary<string, string> { ["0"] = "first" }, PromptSuffix = " Briefly." };
            (o.MetricForBestModel, o.EvaluationCallback) = ("anls", evaluations.Add);
        }))
        {
            Assert.Equal(2, evaluations.Count);
            VlmEvaluation last = evaluations[^1];
            Assert.Equal("which color 0? Briefly.", last.Answers[0].Prompt);
            VlmEvaluationReport report = _ml.Vlm().Evaluate(model, _held.LoadWithImages(_ml), new VlmEvaluationOptions { Metric = VlmMetric.Anls, PromptSuffix = " Briefly." });
            VlmImageDependence images = _ml.Vlm().MeasureImageDependence(model, _held.LoadWithImages(_ml), 3);
            Assert.Equal(report.Rows.Select(row => row.Answer.Response), last.Answers.Select(answer => answer.Response));
            Assert.Equal(report.Score, last.Values["eval_anls"], 1e-12);
            Assert.Equal(report.Rows[0].Scores["anls"], last.Values["eval_anls_first"], 1e-12);
            Assert.True(last.Values.ContainsKey("eval_exact_match"));
            Assert.Equal(images.Loss, last.Values["eval_image_loss"], 1e-4);
            Assert.Equal(images.BlankLoss, last.Values["eval_blank_image_loss"], 1e-4);
            Assert.Equal(images.ShuffledLoss!.Value, last.Values["eval_shuffled_image_loss"], 1e-4);
        }
        Assert.Contains("GeneratedEvaluationRows", Assert.Throws<ArgumentException>(() => Fit(o => (o.EvaluationTask, o.GeneratedEvaluationRows) = (VlmTask.ChartQa, 0))).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void The_limit_of_length_holds_for_the_evaluation_data_too()
    {
        _held.Rows[1].Prompt = new string('x', 400);
        VlmEvaluation? found = null;
        void Options(VlmSftEstimator.Options o) => (o.MaxSteps, o.MaxLength, o.EvaluationCallback, o.GeneratedEvaluationRows) = (1, 300, evaluation => found = evaluation, 2);

        Assert.Contains("Row 1", Assert.Throws<InvalidDataException>(() => Fit(Options)).Message, StringComparison.Ordinal);
        Fit(o =>
        {
            Options(o);
            o.OverLong = OverLongPolicy.DropRow;
        }).Dispose();
        Assert.Equal(5, found!.RowCount);
        Assert.Equal([0, 2], found.Answers.Select(answer => answer.Row));
        Fit(o =>
        {
            Options(o);
            o.OverLong = OverLongPolicy.TrimText;
        }).Dispose();
        Assert.Equal(6, found.RowCount);
    }

    [Fact]
    public void Evaluation_data_without_the_columns_and_options_without_evaluations_are_refused()
    {
        Assert.Contains("Label", Assert.Throws<ArgumentOutOfRangeException>(() => Fit(o => o.EvaluationData = _ml.Transforms.DropColumns("Label").Fit(_held.LoadWithImages(_ml)).Transform(_held.LoadWithImages(_ml)))).Message, StringComparison.Ordinal);

        void Refused(string name, Action<VlmSftEstimator.Options> change)
            => Assert.Contains(name, Assert.ThrowsAny<ArgumentException>(() => _ml.Transforms.VlmSft(VlmOptions.Quick(change))).Message, StringComparison.Ordinal);

        Refused("EvaluationData", o => o.EarlyStoppingPatience = 2);
        Refused("EvaluationData", o => o.SaveStrategy = SaveStrategy.Best);
        Refused("OutputDirectory", o => (o.EvaluationData, o.LoadBestModelAtEnd) = (_held.LoadWithImages(_ml), true));
        Refused("EvalSteps", o => o.EvalSteps = 0);
        Refused("EarlyStoppingThreshold", o => o.EarlyStoppingThreshold = -1);
        Refused("SaveSteps", o => o.SaveSteps = 0);
        Refused("OutputDirectory", o => o.ResumeFromCheckpoint = "latest");
    }

    public void Dispose()
    {
        _data.Dispose();
        _held.Dispose();
    }

    private VlmTransformer Fit(Action<VlmSftEstimator.Options> change) => _ml.Transforms.VlmSft(VlmOptions.Quick(o =>
    {
        o.EvaluationData = _held.LoadWithImages(_ml);
        change(o);
    })).Fit(_data.LoadWithImages(_ml));
}
