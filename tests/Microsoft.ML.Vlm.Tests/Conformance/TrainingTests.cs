using System.Reflection;
using Microsoft.ML.Data;
using Microsoft.ML.Runtime;

namespace Microsoft.ML.Vlm.Tests.Conformance;

public sealed class TrainingTests : IDisposable
{
    private readonly MLContext _ml = new(seed: 1);
    private readonly ColorData _data = new(10);

    [Fact]
    public void Training_lowers_the_loss()
    {
        List<VlmTrainingMetrics> reports = [];
        using VlmTransformer model = Fit(_ml, VlmOptions.Quick(o => (o.MaxSteps, o.MetricsCallback, o.Lora) = (60, reports.Add, new LoraOptions { Rank = 8, TargetModules = ["all-linear"] })));

        Assert.Equal(Enumerable.Range(1, 60), reports.Select(report => report.Step));
        Assert.True(reports[^1].Loss < 0.7 * reports[0].Loss, $"{reports[0].Loss} -> {reports[^1].Loss}");
    }

    [Fact]
    public void Equal_seeds_give_equal_bits_and_others_do_not()
    {
        ColorData.Answer[] answers(MLContext ml, int? seed)
        {
            VlmSftEstimator.Options options = VlmOptions.Quick(o => (o.Seed, o.MaxSteps, o.Lora) = (seed, 4, new LoraOptions { Rank = 2, Dropout = 0.1 }));
            using VlmTransformer model = Fit(ml, options);
            return model.Answers(ml, _data.LoadWithImages(ml));
        }

        ColorData.Answer[] first = answers(new MLContext(seed: 1), null);
        VlmOptions.AssertSame(first, answers(new MLContext(seed: 1), null));
        VlmOptions.AssertSame(first, answers(new MLContext(seed: 2), 1));
        VlmOptions.AssertSame(first, answers(new MLContext(), 1));
        Assert.NotEqual(first.Select(answer => answer.Score), answers(new MLContext(seed: 2), null).Select(answer => answer.Score));
    }

    [Theory]
    [InlineData(SamplingStrategy.Random, null)]
    [InlineData(SamplingStrategy.GroupByLength, null)]
    [InlineData(SamplingStrategy.Random, 90)]
    public void The_number_of_prefetch_threads_and_the_feature_cache_change_no_bit(SamplingStrategy strategy, int? tokens)
    {
        ColorData.Answer[] answers(int threads, long cache)
        {
            VlmSftEstimator.Options options = VlmOptions.Quick(o =>
            {
                (o.SamplingStrategy, o.MaxTokensPerBatch, o.PrefetchThreads, o.FeatureCacheBytes) = (strategy, tokens, threads, cache);
                (o.MaxSteps, o.MaxEpochs, o.Seed) = (null, 2, 1);
                o.MetricsCallback = metrics => Assert.InRange(metrics.DataWaitSeconds, 0, metrics.ElapsedSeconds);
            });
            using VlmTransformer model = _ml.Transforms.VlmSft(options).Fit(_data.LoadWithImages(_ml));
            return model.Answers(_ml, _data.LoadWithImages(_ml));
        }

        ColorData.Answer[] first = answers(0, 1 << 20);
        VlmOptions.AssertSame(first, answers(1, 1 << 20));
        VlmOptions.AssertSame(first, answers(4, 0));
    }

    [Fact]
    public void Progress_reaches_the_log_and_the_callback()
    {
        List<string> lines = [];
        int reports = 0;
        _ml.Log += (_, entry) =>
        {
            if (entry.Source == "VlmSftEstimator; Train" && entry.Kind == ChannelMessageKind.Info)
            {
                lines.Add(entry.RawMessage);
            }
        };

        using VlmTransformer model = Fit(_ml, VlmOptions.Quick(o => (o.MaxSteps, o.LoggingSteps, o.MetricsCallback) = (6, 3, _ => reports++)));

        Assert.Equal(2, reports);
        Assert.Equal(5, lines.Count);
        Assert.StartsWith("10 rows, 6 steps of 4 rows; an adapter of ", lines[0], StringComparison.Ordinal);
        Assert.StartsWith("what trains: ", lines[1], StringComparison.Ordinal);
        Assert.StartsWith("step 3/6, epoch ", lines[2], StringComparison.Ordinal);
        Assert.Contains("loss ", lines[3], StringComparison.Ordinal);
        Assert.StartsWith("trained 6 steps", lines[4], StringComparison.Ordinal);
    }

    [Fact]
    public void A_token_stops_training_behind_a_checkpoint()
    {
        string output = _data.Path("adapter");
        using CancellationTokenSource cancel = new();
        int steps = 0;

        Assert.ThrowsAny<OperationCanceledException>(() => Fit(_ml, VlmOptions.Quick(o =>
        {
            o.MaxSteps = 50;
            o.OutputDirectory = output;
            o.CancellationToken = cancel.Token;
            o.MetricsCallback = metrics =>
            {
                steps = metrics.Step;
                if (steps == 3)
                {
                    cancel.Cancel();
                }
            };
        })));

        Assert.Equal(3, steps);
        Assert.Equal(["checkpoint-3", "report.html", "run.jsonl"], Directory.EnumerateFileSystemEntries(output).Select(Path.GetFileName).Order(StringComparer.Ordinal));
    }

    [Fact]
    public void The_contexts_own_cancellation_stops_training_too()
    {
        MethodInfo cancel = typeof(MLContext).GetMethod("CancelExecution", BindingFlags.Instance | BindingFlags.NonPublic)!;
        int steps = 0;

        Assert.ThrowsAny<OperationCanceledException>(() => Fit(_ml, VlmOptions.Quick(o =>
        {
            o.MaxSteps = 50;
            o.MetricsCallback = metrics =>
            {
                steps = metrics.Step;
                if (steps == 2)
                {
                    cancel.Invoke(_ml, null);
                }
            };
        })));

        Assert.InRange(steps, 2, 6);
    }

    [Fact]
    public void A_failed_run_leaves_what_was_there()
    {
        string output = _data.Path("adapter");
        using (VlmTransformer good = Fit(_ml, VlmOptions.Quick(o => o.OutputDirectory = output)))
        {
        }
        byte[] before = File.ReadAllBytes(Path.Combine(output, "adapter_model.safetensors"));
        _data.Rows[5].Label = "";

        InvalidDataException error = Assert.Throws<InvalidDataException>(() => Fit(_ml, VlmOptions.Quick(o => (o.OutputDirectory, o.Seed) = (output, 5))));

        Assert.Contains("Row 5", error.Message, StringComparison.Ordinal);
        Assert.Equal(before, File.ReadAllBytes(Path.Combine(output, "adapter_model.safetensors")));
    }

    [Fact]
    public void Data_without_rows_is_refused()
    {
        _data.Rows.Clear();

        Assert.Contains("no rows", Assert.Throws<InvalidDataException>(() => Fit(_ml, VlmOptions.Quick())).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_missing_model_folder_and_an_unsupported_family_are_named()
    {
        Assert.Contains("nowhere", Assert.ThrowsAny<IOException>(() => Fit(_ml, VlmOptions.Quick("nowhere"))).Message, StringComparison.Ordinal);

        Directory.CreateDirectory(_data.Path("other"));
        File.WriteAllText(_data.Path("other/config.json"), """{ "model_type": "blip" }""");
        Assert.Contains("smolvlm", Assert.Throws<NotSupportedException>(() => Fit(_ml, VlmOptions.Quick(_data.Path("other")))).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Splits_keep_images_and_the_stock_cross_validation_works_on_the_score()
    {
        IDataView data = _data.Load(_ml);
        IEstimator<ITransformer> pipeline = _data.Images(_ml).Append(_ml.Transforms.VlmSft(VlmOptions.Quick(o => o.OutputColumnName = null)));
        DataOperationsCatalog.TrainTestData split = _ml.Data.TrainTestSplit(data, 0.3, seed: 1);

        ITransformer model = pipeline.Fit(split.TrainSet);
        using VlmTransformer transformer = model.FindVlm();
        Assert.All(model.Transform(split.TestSet).GetColumn<float>("Score"), score => Assert.True(score < 0));

        var folds = _ml.Regression.CrossValidate(data, pipeline, numberOfFolds: 2, labelColumnName: "Number");
        Assert.Equal(2, folds.Count);
        foreach (var fold in folds)
        {
            fold.Model.FindVlm().Dispose();
        }
    }

    [Fact]
    public void Own_cross_validation_compares_texts()
    {
        IEstimator<ITransformer> pipeline = _data.Images(_ml).Append(_ml.Transforms.VlmSft(VlmOptions.Quick()));

        IReadOnlyList<VlmFold> folds = _ml.Vlm().CrossValidate(_data.Load(_ml), pipeline, numberOfFolds: 3, metric: VlmMetric.Anls);

        Assert.Equal([0, 1, 2], folds.Select(fold => fold.Index));
        Assert.Equal(10, folds.Sum(fold => fold.Metrics.Count));
        Assert.All(folds, fold => Assert.InRange(fold.Metrics.Score, 0, 1));
        foreach (VlmFold fold in folds)
        {
            fold.Model.FindVlm().Dispose();
        }
    }

    [Fact]
    public void Folds_train_on_one_base_and_are_what_separate_runs_are()
    {
        IDataView data = _data.Load(_ml);
        IEstimator<ITransformer> pipeline = _data.Images(_ml).Append(_ml.Transforms.VlmSft(VlmOptions.Quick()));
        using VlmFolds folds = _ml.Vlm().CrossValidate(data, pipeline, numberOfFolds: 3, metric: VlmMetric.Anls, seed: 4);
        Assert.Equal(1, folds.BaseLoads);
        double[] scores = [.. folds.Select(fold => fold.Metrics.Score)];
        Assert.Equal(scores.Average(), folds.Mean, 1e-12);
        Assert.Equal(Math.Sqrt(scores.Sum(score => (score - folds.Mean) * (score - folds.Mean)) / 2), folds.StandardDeviation, 1e-12);
        Assert.StartsWith("Anls ", folds.ToString(), StringComparison.Ordinal);

        DataOperationsCatalog.TrainTestData[] splits = [.. _ml.Data.CrossValidationSplit(data, 3, seed: 4)];
        for (int fold = 0; fold < 3; fold++)
        {
            ITransformer alone = pipeline.Fit(splits[fold].TrainSet);
            VlmOptions.AssertSame(alone.Answers(_ml, splits[fold].TestSet), folds[fold].Model.Answers(_ml, splits[fold].TestSet));
            alone.FindVlm().Dispose();
        }
    }

    [Fact]
    public void Evaluation_reads_one_right_answer_or_several()
    {
        IDataView data = _ml.Data.LoadFromEnumerable([new Answered { Response = "7", Label = "7", Labels = ["6", "7"] }, new Answered { Response = "8", Label = "9", Labels = ["8"] }]);

        Assert.Equal(0.5, _ml.Vlm().Evaluate(data).Score);
        Assert.Equal([1, 1], _ml.Vlm().Evaluate(data, "Labels", metric: VlmMetric.ExactMatch).RowScores);
        Assert.Contains("Nope", Assert.Throws<ArgumentOutOfRangeException>(() => _ml.Vlm().Evaluate(data, "Nope")).Message, StringComparison.Ordinal);
        Assert.Contains("Single", Assert.Throws<ArgumentOutOfRangeException>(() => _ml.Vlm().Evaluate(data, "Label", "Number")).Message, StringComparison.Ordinal);
    }

    public void Dispose() => _data.Dispose();

    private VlmTransformer Fit(MLContext ml, VlmSftEstimator.Options options) => ml.Transforms.VlmSft(options).Fit(_data.LoadWithImages(ml));

    private sealed class Answered
    {
        public string Response { get; set; } = "";

        public string Label { get; set; } = "";

        public string[] Labels { get; set; } = [];

        public float Number { get; set; }
    }
}
