using Microsoft.ML.Vlm.Adapters;
using Microsoft.ML.Vlm.Processing;
using Microsoft.ML.Vlm.Tests.Training.Runs;
using Microsoft.ML.Vlm.Training;
using Microsoft.ML.Vlm.Training.Runs;
using static TorchSharp.torch;

namespace Microsoft.ML.Vlm.Tests.Training;

public sealed class EvaluatorTests : IDisposable
{
    private static readonly VlmSample[] s_held = [ToyModel.WithImage(0, 3, 4, 5), ToyModel.Text(1, 3, 1, 2, 3, 4), ToyModel.Text(2, 0, 1, 2), ToyModel.Text(3, 1, 6, 7)];

    private readonly string _folder = Directory.CreateTempSubdirectory("vlm-eval-").FullName;

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    [InlineData(8)]
    public void The_loss_is_the_mean_over_all_trained_tokens_whatever_the_batch_size(int batchSize)
    {
        List<VlmEvaluation> evaluations = [];
        using ToyRun run = new();
        run.Train(new RunFolder(_folder), saving: new() { Strategy = SaveStrategy.No }, hooks: new()
        {
            Evaluator = new Evaluator(new SampleList(s_held), new() { Strategy = EvalStrategy.Steps, Steps = 6, BatchSize = batchSize }),
            OnEvaluation = evaluations.Add,
        });

        Assert.Equal([6, 12], evaluations.Select(evaluation => evaluation.Step));
        (double loss, double accuracy, double entropy) = MeansByHand(run);
        Assert.Equal(loss, evaluations[1].Loss, 5);
        Assert.Equal(accuracy, evaluations[1].MeanTokenAccuracy, 5);
        Assert.Equal(entropy, evaluations[1].Entropy, 5);
        Assert.Equal((4, 12), (evaluations[1].RowCount, evaluations[1].Values["eval_num_tokens"]));
        Assert.Equal(evaluations[1].Loss, evaluations[1].Values["eval_loss"]);
        Assert.All(["eval_mean_token_accuracy", "eval_entropy", "eval_runtime", "eval_samples_per_second", "eval_steps_per_second"], key => Assert.Contains(key, evaluations[1].Values.Keys));
        Assert.True(evaluations[0].IsBest);
    }

    [Fact]
    public void Evaluations_change_nothing_in_the_run()
    {
        RunFolder plain = new(Path.Combine(_folder, "plain")), evaluated = new(Path.Combine(_folder, "evaluated"));
        using (ToyRun run = new())
        {
            run.Train(plain, saving: new() { Steps = 12 });
        }
        using (ToyRun run = new())
        {
            run.Train(evaluated, saving: new() { Steps = 12 }, hooks: new() { Evaluator = new Evaluator(new SampleList(s_held), new() { Strategy = EvalStrategy.Steps, Steps = 1 }) });
        }
        Assert.Equal(File.ReadAllBytes(Path.Combine(plain.PathOf(12), "adapter_model.safetensors")), File.ReadAllBytes(Path.Combine(evaluated.PathOf(12), "adapter_model.safetensors")));
        Assert.Contains("\"eval_loss\"", File.ReadAllText(Path.Combine(evaluated.PathOf(12), "trainer_state.json")), StringComparison.Ordinal);
    }

    [Fact]
    public void A_run_without_improvement_stops_early_and_ends_with_the_best_weights()
    {
        RunFolder folder = new(_folder);
        List<VlmEvaluation> evaluations = [];
        byte[] final;
        using (ToyRun run = new(new() { BatchSize = 5, MaxSteps = 400, LearningRate = 0.3, LoggingSteps = 50 }))
        {
            // Rows unlike those that are trained on: what is learnt soon does them harm.
            TrainingSummary summary = run.Train(folder, saving: new() { Strategy = SaveStrategy.Steps, Steps = 1000, TotalLimit = 2 }, hooks: new()
            {
                Evaluator = new Evaluator(new SampleList([ToyModel.Text(0, 3, 9, 4, 3, 2)]), new() { Strategy = EvalStrategy.Steps, Steps = 2, LoadsBest = true, Patience = 3 }),
                OnEvaluation = evaluations.Add,
            });
            Assert.InRange(summary.Steps, 6, 399);
            final = Save(run);
        }

        VlmEvaluation best = evaluations.MinBy(evaluation => evaluation.Loss)!;
        Assert.Equal(evaluations[^4], best);
        Assert.Equal(best.Step, evaluations.Last(evaluation => evaluation.IsBest).Step);
        Assert.Equal([best.Step, evaluations[^1].Step], folder.Checkpoints().Select(checkpoint => checkpoint.Step));
        Assert.Equal(File.ReadAllBytes(Path.Combine(folder.PathOf(best.Step), "adapter_model.safetensors")), final);
        Assert.Contains($"\"best_global_step\": {best.Step},", File.ReadAllText(Path.Combine(folder.PathOf(evaluations[^1].Step), "trainer_state.json")), StringComparison.Ordinal);

        // A run that is over stays over.
        using ToyRun again = new(new() { BatchSize = 5, MaxSteps = 400, LearningRate = 0.3, LoggingSteps = 50 });
        again.Train(folder, folder.Find("latest", Assert.Fail), new() { Strategy = SaveStrategy.No }, new()
        {
            Evaluator = new Evaluator(new SampleList([ToyModel.Text(0, 3, 9, 4, 3, 2)]), new() { Strategy = EvalStrategy.Steps, Steps = 2, LoadsBest = true, Patience = 3 }),
            OnStep = _ => Assert.Fail("No step was left."),
        });
        Assert.Equal(final, Save(again));
    }

    [Fact]
    public void An_evaluation_that_was_interrupted_is_made_up_for()
    {
        RunFolder folder = new(_folder);
        using (ToyRun run = new())
        {
            Assert.Throws<OperationCanceledException>(() => run.Train(folder, saving: new() { Strategy = SaveStrategy.No }, hooks: new()
            {
                Evaluator = new Evaluator(new SampleList(s_held), new() { Strategy = EvalStrategy.Steps, Steps = 4 }, (_, _) => throw new OperationCanceledException()),
            }));
        }
        List<int> evaluated = [];
        using ToyRun rest = new();
        rest.Train(folder, folder.Find("latest", Assert.Fail), new() { Strategy = SaveStrategy.No }, new()
        {
            Evaluator = new Evaluator(new SampleList(s_held), new() { Strategy = EvalStrategy.Steps, Steps = 4 }),
            OnEvaluation = evaluation => evaluated.Add(evaluation.Step),
        });
        Assert.Equal([4, 8, 12], evaluated);
    }

    [Fact]
    public void A_metric_that_is_not_there_and_rows_without_targets_are_errors()
    {
        using ToyRun run = new(), other = new();
        Assert.Contains("'eval_f1'", Assert.Throws<InvalidOperationException>(() => run.Train(new RunFolder(_folder), saving: new() { Strategy = SaveStrategy.No },
            hooks: new() { Evaluator = new Evaluator(new SampleList(s_held), new() { Metric = "f1" }) })).Message, StringComparison.Ordinal);
        Assert.Contains("no token", Assert.Throws<InvalidOperationException>(() => other.Train(new RunFolder(_folder), saving: new() { Strategy = SaveStrategy.No },
            hooks: new() { Evaluator = new Evaluator(new SampleList([ToyModel.Text(0, 0, 1, 2)]), new()) })).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Evaluations_leave_no_tensor_behind()
    {
        using ToyModel model = new();
        using AdapterSet adapters = LoraInjection.Inject(model, new LoraOptions { TargetModules = ["all-linear"], Dropout = 0.1 }, 1);
        GC.Collect();
        GC.WaitForPendingFinalizers();
        List<long> live = [];
        new FineTuningLoop(model, adapters, new SftObjective(), new() { BatchSize = 2, MaxSteps = 60 }).Run(new TrainingHooks
        {
            Evaluator = new Evaluator(new SampleList(s_held), new() { Strategy = EvalStrategy.Steps, Steps = 1 }),
            OnEvaluation = _ => live.Add(Tensor.TotalCount),
        }, ToyRun.Rows, default);
        Assert.Equal(live[9], live[^1]);
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private byte[] Save(ToyRun run)
    {
        string folder = Path.Combine(_folder, "final");
        run.Save(folder);
        byte[] bytes = File.ReadAllBytes(Path.Combine(folder, "adapter_model.safetensors"));
        Directory.Delete(folder, recursive: true);
        return bytes;
    }

    private static (double Loss, double Accuracy, double Entropy) MeansByHand(ToyRun run)
    {
        using var scope = NewDisposeScope();
        using var frozen = no_grad();
        List<double> losses = [], hits = [], entropies = [];
        foreach (VlmSample sample in s_held.Where(sample => sample.TargetCount > 0))
        {
            using VlmBatch batch = VlmBatch.Create([sample], run.Model.TokensPerTile);
            Tensor? features = batch.Images.Count > 0 ? Microsoft.ML.Vlm.Models.VisionFeatures.Encode(run.Model, batch.Images) : null;
            Tensor p = run.Model.Head(run.Model.Forward(batch, features).index_select(0, batch.TargetPositions)).log_softmax(1);
            losses.AddRange(p.gather(1, batch.Targets.unsqueeze(1)).neg().flatten().data<float>().Select(value => (double)value));
            hits.AddRange(p.argmax(1).eq(batch.Targets).to(ScalarType.Float32).data<float>().Select(value => (double)value));
            entropies.AddRange((p.exp() * p).sum(1).neg().data<float>().Select(value => (double)value));
        }
        return (losses.Average(), hits.Average(), entropies.Average());
    }
}
