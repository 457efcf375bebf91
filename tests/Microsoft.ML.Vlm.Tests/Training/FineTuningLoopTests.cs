using Microsoft.ML.Vlm.Adapters;
using Microsoft.ML.Vlm.Models;
using Microsoft.ML.Vlm.Processing;
using Microsoft.ML.Vlm.Training;
using static TorchSharp.torch;

namespace Microsoft.ML.Vlm.Tests.Training;

public sealed class FineTuningLoopTests
{
    private static readonly VlmSample[] s_rows =
    [
        ToyModel.WithImage(0, 1, 3, 4), ToyModel.WithImage(1, 2, 5, 6), ToyModel.Text(2, 2, 1, 2, 3, 4), ToyModel.WithImage(3, 1, 7), ToyModel.Text(4, 1, 9, 8),
    ];

    [Fact]
    public void Adapters_learn_and_the_weights_stay()
    {
        using ToyModel model = new(), before = new();
        using AdapterSet adapters = LoraInjection.Inject(model, new LoraOptions { Dropout = 0.1 }, seed: 3);
        List<VlmTrainingMetrics> log = [];
        TrainingSummary summary = Loop(model, adapters, new() { BatchSize = 2, MaxEpochs = 40, LearningRate = 0.05, LoggingSteps = 1 }).Run(Rows(), log.Add, default);

        Assert.Equal(120, summary.Steps);
        Assert.True(log[^1].Loss < 0.7 * log[0].Loss, $"{log[0].Loss} -> {log[^1].Loss}");
        Assert.All(model.Weights, pair => Assert.True(ToyModel.Same(pair.Value.Value, before.Weights[pair.Key].Value), pair.Key));
        Assert.Equal(2, model.EncodedTiles);
    }

    [Fact]
    public void The_same_seed_gives_the_same_bits_and_another_one_does_not()
    {
        float[] first = Train(5), again = Train(5), other = Train(6);
        Assert.Equal(first, again);
        Assert.NotEqual(first, other);

        static float[] Train(int seed)
        {
            using ToyModel model = new();
            using AdapterSet adapters = LoraInjection.Inject(model, new LoraOptions { Dropout = 0.3 }, seed: 3);
            Loop(model, adapters, new() { BatchSize = 2, LearningRate = 0.05, Seed = seed }).Run(Rows(), null, default);
            return [.. adapters.Parameters.SelectMany(parameter => parameter.data<float>().ToArray())];
        }
    }

    [Fact]
    public void Without_adapters_all_weights_train_or_those_that_were_chosen()
    {
        using ToyModel all = new(), chosen = new(), before = new();
        chosen.Weights["embed.weight"].MakeTrainable();
        Loop(all, null, new() { BatchSize = 5 }).Run(Rows(), null, default);
        Loop(chosen, null, new() { BatchSize = 5 }).Run(Rows(), null, default);
        Assert.All(before.Weights, pair => Assert.False(ToyModel.Same(all.Weights[pair.Key].Value, pair.Value.Value), pair.Key));
        Assert.Equal(["embed.weight"], before.Weights.Keys.Where(name => !ToyModel.Same(chosen.Weights[name].Value, before.Weights[name].Value)));
    }

    [Fact]
    public void Accumulated_micro_batches_equal_one_batch()
    {
        float[] whole = Train(new() { BatchSize = 5, MaxSteps = 3 }), parts = Train(new() { BatchSize = 2, GradientAccumulationSteps = 3, MaxSteps = 3 });
        Assert.Equal(whole, parts, new Tolerance(1e-6f));

        static float[] Train(TrainingSettings settings)
        {
            using ToyModel model = new();
            using AdapterSet adapters = LoraInjection.Inject(model, new LoraOptions { TargetModules = ["all-linear"] }, seed: 3);
            Loop(model, adapters, settings with { LearningRate = 0.01, AdamEpsilon = 1e-3 }).Run(Rows(), null, default);
            return [.. adapters.Parameters.SelectMany(parameter => parameter.data<float>().ToArray())];
        }
    }

    [Theory]
    [InlineData(4, 16)]
    [InlineData(1, 64)]
    public void Sixty_four_rows_are_one_step_however_they_are_cut(int batchSize, int accumulation)
    {
        // Lengths and targets differ from row to row: a mean over micro-batches instead of tokens would give another loss.
        VlmSample[] rows = [.. Enumerable.Range(0, 64).Select(row => ToyModel.Text(row, 1 + (row % 3), [.. Enumerable.Range(0, 4 + (row % 5)).Select(index => 1 + ((row + (3 * index)) % 8))]))];
        (double whole, float[] expected) = Train(64, 1);
        (double parts, float[] actual) = Train(batchSize, accumulation);
        Assert.Equal(whole, parts, 1e-6);
        Assert.Equal(expected, actual, new Tolerance(1e-6f));

        (double Loss, float[] Weights) Train(int size, int steps)
        {
            using ToyModel model = new();
            using AdapterSet adapters = LoraInjection.Inject(model, new LoraOptions { TargetModules = ["all-linear"] }, seed: 3);
            double loss = 0;
            TrainingSettings settings = new() { BatchSize = size, GradientAccumulationSteps = steps, MaxSteps = 2, LearningRate = 0.01, AdamEpsilon = 1e-3, LoggingSteps = 1 };
            Loop(model, adapters, settings).Run(new SampleList(rows), metrics => loss = metrics.Loss, default);
            return (loss, [.. adapters.Parameters.SelectMany(parameter => parameter.data<float>().ToArray())]);
        }
    }

    [Fact]
    public void Reports_come_every_few_steps_and_at_the_end()
    {
        using ToyModel model = new();
        List<VlmTrainingMetrics> log = [], every = [];
        TrainingSettings settings = new() { BatchSize = 2, MaxSteps = 7, LoggingSteps = 3, LearningRate = 0.1, WarmupSteps = 2 };
        using (AdapterSet adapters = LoraInjection.Inject(model, new LoraOptions(), 1))
        {
            Loop(model, adapters, settings).Run(Rows(), log.Add, default);
        }
        using (AdapterSet adapters = LoraInjection.Inject(model, new LoraOptions(), 1))
        {
            Loop(model, adapters, settings with { LoggingSteps = 1 }).Run(Rows(), every.Add, default);
        }

        Assert.Equal([3, 6, 7], log.Select(metrics => metrics.Step));
        // Three micro-batches an epoch.
        Assert.Equal([1, 2, 7.0 / 3], log.Select(metrics => metrics.Epoch));
        Assert.Equal(every.Take(3).Average(metrics => metrics.Loss), log[0].Loss, 6);
        Assert.Equal(every.Skip(3).Take(3).Average(metrics => metrics.Entropy), log[1].Entropy, 6);
        Assert.Equal(every.Take(3).Average(metrics => metrics.MeanTokenAccuracy), log[0].MeanTokenAccuracy, 6);
        Assert.Equal(every[5].GradientNorm, log[1].GradientNorm);
        Assert.Equal([0, 0.05, 0.1, 0.08, 0.06, 0.04, 0.02], every.Select(metrics => Math.Round(metrics.LearningRate, 12)));
        Assert.Equal(s_rows.Sum(row => row.Tokens.Length), log[0].TokenCount);
    }

    [Fact]
    public void No_rows_is_an_error()
    {
        using ToyModel model = new();
        Assert.Contains("no rows", Assert.Throws<InvalidOperationException>(
            () => Loop(model, null, new()).Run(new SampleList([]), null, default)).Message, StringComparison.Ordinal);
        Assert.DoesNotContain(model.Weights.Values, weight => weight.IsTrainable);
    }

    [Fact]
    public void A_step_without_a_token_to_train_on_names_its_rows_before_anything_is_computed()
    {
        using ToyModel model = new();
        using AdapterSet adapters = LoraInjection.Inject(model, new LoraOptions(), 1);
        SampleList source = new([ToyModel.Text(7, 0, 1, 2), ToyModel.Text(9, 0, 3, 4)]);
        string message = Assert.Throws<InvalidOperationException>(() => Loop(model, adapters, new()).Run(source, null, default)).Message;
        Assert.Contains("rows 7, 9", message, StringComparison.Ordinal);
        Assert.Contains("Step 1", message, StringComparison.Ordinal);
    }

    [Fact]
    public void Rows_without_target_beside_others_are_counted()
    {
        using ToyModel model = new();
        using AdapterSet adapters = LoraInjection.Inject(model, new LoraOptions(), 1);
        SampleList source = new([ToyModel.Text(0, 0, 1, 2), ToyModel.Text(1, 1, 3, 4), ToyModel.Text(2, 0, 5, 6)]);
        List<VlmTrainingMetrics> log = [];
        TrainingSummary summary = Loop(model, adapters, new() { BatchSize = 1, GradientAccumulationSteps = 3, MaxEpochs = 2 }).Run(source, log.Add, default);
        Assert.Equal((2, 4L, 12L), (summary.Steps, summary.RowsWithoutTargets, summary.TokenCount));
        Assert.True(double.IsFinite(log[^1].Entropy));
    }

    [Fact]
    public void A_loss_that_is_not_a_number_stops_the_run_and_names_step_and_rows()
    {
        using ToyModel model = new();
        using AdapterSet adapters = LoraInjection.Inject(model, new LoraOptions(), 1);
        model.Weights["embed.weight"].Value[8].fill_(float.NaN);
        string message = Assert.Throws<InvalidOperationException>(
            () => Loop(model, adapters, new() { BatchSize = 2, LearningRate = 0.01 }).Run(new SampleList(
                [ToyModel.Text(0, 1, 1, 2), ToyModel.Text(1, 1, 2, 3), ToyModel.Text(2, 1, 4, 5), ToyModel.Text(3, 1, 8, 5)]), null, default)).Message;
        Assert.Contains("Step 2", message, StringComparison.Ordinal);
        Assert.Contains("rows 2, 3", message, StringComparison.Ordinal);
        Assert.All(adapters.Parameters, parameter => Assert.True(parameter.isfinite().all().item<bool>() && parameter.grad is null));
    }

    [Fact]
    public void Cancellation_ends_between_micro_batches()
    {
        using ToyModel model = new();
        using AdapterSet adapters = LoraInjection.Inject(model, new LoraOptions(), 1);
        using CancellationTokenSource cancellation = new();
        int steps = 0;
        Assert.Throws<OperationCanceledException>(() => Loop(model, adapters, new() { BatchSize = 1, LoggingSteps = 1 }).Run(Rows(), metrics =>
        {
            steps = metrics.Step;
            if (metrics.Step == 2)
            {
                cancellation.Cancel();
            }
        }, cancellation.Token));
        Assert.Equal(2, steps);
        Assert.False(adapters.IsTraining);
    }

    [Theory]
    [InlineData(1L << 20, false)]
    [InlineData(50, true)]
    [InlineData(0, true)]
    public void The_feature_cache_changes_no_bit(long memory, bool hasFiles)
    {
        string folder = Directory.CreateTempSubdirectory("vlm-features-").FullName;
        try
        {
            (double[] losses, float[] weights, int encoded) without = Train(new() { FeatureCacheBytes = 0 });
            (double[] losses, float[] weights, int encoded) with = Train(new() { FeatureCacheBytes = memory, FeatureCacheDirectory = hasFiles ? folder : null });
            Assert.Equal(without.losses, with.losses);
            Assert.Equal(without.weights, with.weights);
            // Three rows with one of two images, four epochs.
            Assert.Equal((12, 2), (without.encoded, with.encoded));
            Assert.Equal(!hasFiles ? 0 : memory == 0 ? 2 : 1, Directory.GetFiles(folder, "*", SearchOption.AllDirectories).Length);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }

        static (double[] Losses, float[] Weights, int Encoded) Train(TrainingSettings settings)
        {
            using ToyModel model = new();
            using AdapterSet adapters = LoraInjection.Inject(model, new LoraOptions { Dropout = 0.1 }, seed: 3);
            List<double> losses = [];
            Loop(model, adapters, settings with { BatchSize = 1, MaxEpochs = 4, LearningRate = 0.05, LoggingSteps = 1 }).Run(Rows(), metrics => losses.Add(metrics.Loss), default);
            return ([.. losses], [.. adapters.Parameters.SelectMany(parameter => parameter.data<float>().ToArray())], model.EncodedTiles);
        }
    }

    [Fact]
    public void No_tensor_is_left_over_by_a_step()
    {
        // What other tests left to the finalizer must not count.
        GC.Collect();
        GC.WaitForPendingFinalizers();
        using ToyModel model = new();
        using AdapterSet adapters = LoraInjection.Inject(model, new LoraOptions { TargetModules = ["all-linear"], Dropout = 0.1 }, 1);
        List<long> live = [];

        // Tensors that earlier tests left to the finalizer count until it has run.
        GC.Collect();
        GC.WaitForPendingFinalizers();
        Loop(model, adapters, new() { BatchSize = 2, GradientAccumulationSteps = 2, MaxSteps = 100, LoggingSteps = 1 }).Run(Rows(), _ => live.Add(Tensor.TotalCount), default);
        Assert.Equal(live[1], live[^1]);
    }

    private static SampleList Rows() => new(s_rows);

    private static FineTuningLoop Loop(VisionLanguageModel model, AdapterSet? adapters, TrainingSettings settings) => new(model, adapters, new SftObjective(), settings);
}
