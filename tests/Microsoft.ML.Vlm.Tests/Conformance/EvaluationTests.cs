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
