using Microsoft.ML.Data;
using TorchSharp;

namespace Microsoft.ML.Vlm.Tests.Conformance;

/// <summary>Long runs keep the number of live tensors and the resident memory where they are.</summary>
[Collection(nameof(MemoryTests))]
[CollectionDefinition(nameof(MemoryTests), DisableParallelization = true)]
public sealed class MemoryTests(ITestOutputHelper output) : IDisposable
{
    private const int Predictions = 10_000;
    private const int Steps = 500;
    private const long AllowedGrowth = 24L << 20;

    private readonly MLContext _ml = new(seed: 1);
    private readonly ColorData _data = new(4);

    [Fact]
    public void Ten_thousand_predictions()
    {
        using VlmTransformer model = _ml.Transforms.ApplyVlm(TinyVlm.Folder, generation: new() { MaxNewTokens = 1 }, scoreColumnName: null).Fit(_data.LoadWithImages(_ml));
        using PredictionEngine<Question, ColorData.Answer> engine = _ml.Model.CreatePredictionEngine<Question, ColorData.Answer>(model);
        using MLImage image = ColorData.Image(1, 2, 3, 4, 4);
        Question question = new() { Image = image };

        AssertFlat(Predictions, () => engine.Predict(question));
    }

    [Fact]
    public void Five_hundred_training_steps()
    {
        List<(long Tensors, long Bytes)> marks = [];
        VlmSftEstimator.Options options = VlmOptions.Quick(o =>
        {
            (o.MaxSteps, o.LoggingSteps, o.BatchSize) = (Steps, Steps / 5, 2);
            o.MetricsCallback = _ => marks.Add(Measure());
        });
        (long before, _) = Measure();

        using (VlmTransformer model = _ml.Transforms.VlmSft(options).Fit(_data.LoadWithImages(_ml)))
        {
        }

        output.WriteLine($"{Steps} steps: tensors {string.Join(", ", marks.Select(mark => mark.Tensors))}; bytes {string.Join(", ", marks.Select(mark => mark.Bytes))}");
        Assert.Equal(before, Measure().Tensors);
        Assert.Single(marks.Select(mark => mark.Tensors).Distinct());
        Assert.InRange(marks[^1].Bytes - marks[1].Bytes, long.MinValue, AllowedGrowth);
    }

    [Fact]
    public void Loading_and_disposing_leaves_no_tensor()
    {
        (long before, _) = Measure();
        string zip = _data.Path("model.zip");
        using (VlmTransformer model = _ml.Transforms.VlmSft(VlmOptions.Quick()).Fit(_data.LoadWithImages(_ml)))
        {
            _ml.Model.Save(model, null, zip);
        }
        for (int round = 0; round < 3; round++)
        {
            using var loaded = (VlmTransformer)_ml.Model.Load(zip, out _);
            Assert.Equal(4, loaded.Answers(_ml, _data.LoadWithImages(_ml)).Length);
        }

        Assert.Equal(before, Measure().Tensors);
    }

    [Fact]
    public void Folds_share_the_base_and_hold_their_adapters_alone()
    {
        IEstimator<ITransformer> pipeline = _data.Images(_ml).Append(_ml.Transforms.VlmSft(VlmOptions.Quick()));
        (long before, _) = Measure();

        IReadOnlyList<VlmFold> two = _ml.Vlm().CrossValidate(_data.Load(_ml), pipeline, numberOfFolds: 2);
        long withTwo = Measure().Tensors;
        using VlmTransformer third = pipeline.Fit(_data.Load(_ml)).FindVlm();

        Assert.Equal(third.Engine.Adapters!.Parameters.Count(), Measure().Tensors - withTwo);
        foreach (VlmFold fold in two)
        {
            fold.Model.FindVlm().Dispose();
        }
        third.Dispose();
        Assert.Equal(before, Measure().Tensors);
    }

    [Fact]
    public void A_fold_that_fails_leaves_nothing_behind()
    {
        (long before, _) = Measure();
        int steps = 0;
        IEstimator<ITransformer> pipeline = _data.Images(_ml).Append(_ml.Transforms.VlmSft(VlmOptions.Quick(o => o.MetricsCallback = _ =>
        {
            if (++steps == 3)
            {
                throw new NotSupportedException("stop in the second fold");
            }
        })));
        Assert.Contains("second fold", Assert.ThrowsAny<Exception>(() => _ml.Vlm().CrossValidate(_data.Load(_ml), pipeline, numberOfFolds: 2)).ToString(), StringComparison.Ordinal);
        Assert.Equal(3, steps);
        Assert.Equal(before, Measure().Tensors);
    }

    public void Dispose() => _data.Dispose();

    private void AssertFlat(int count, Action act)
    {
        List<(long Tensors, long Bytes)> marks = [];
        for (int index = 1; index <= count; index++)
        {
            act();
            if (index % (count / 5) == 0)
            {
                marks.Add(Measure());
            }
        }

        output.WriteLine($"{count} calls: tensors {string.Join(", ", marks.Select(mark => mark.Tensors))}; bytes {string.Join(", ", marks.Select(mark => mark.Bytes))}");
        Assert.Single(marks.Select(mark => mark.Tensors).Distinct());
        Assert.InRange(marks[^1].Bytes - marks[0].Bytes, long.MinValue, AllowedGrowth);
    }

    private static (long Tensors, long Bytes) Measure()
    {
        GC.Collect();
        GC.WaitForPendingFinalizers();
        return (torch.Tensor.TotalCount, Environment.WorkingSet);
    }

    private sealed class Question
    {
        [VlmImage]
        public MLImage? Image { get; set; }

        public string Prompt { get; set; } = "color?";
    }
}
