using System.Collections.Concurrent;
using Microsoft.ML.Vlm.Tests.Conformance;
using static TorchSharp.torch;

namespace Microsoft.ML.Vlm.Dpo.Tests;

public sealed class VlmKtoEstimatorTests : IDisposable
{
    private readonly ColorData _data = new(8);
    private readonly ConcurrentQueue<string> _log = [];

    [Fact]
    public void The_loss_is_that_of_hand_computed_answers()
    {
        // Two rows of one token each; the second answer of a row is that of the other row.
        using var scope = NewDisposeScope();
        using AnswerTokens answers = new([(1, 1), (1, 1)]) { IsDesirable = [true, false] };
        Tensor policy = tensor(new float[] { -1, -3, -2, -4 }), reference = tensor(new float[] { -2, -2.5f, -3.5f, -4.4f });
        PreferenceSettings settings = new() { Beta = 0.5, Unpaired = (2, 3) };

        // u = (1, 0.5); mismatched 0.5 and 0.4, so z = 0.45. 2 (1 - sigmoid(0.5 (1 - 0.45))) and 3 (1 - sigmoid(0.5 (0.45 - 0.5))).
        double expected = ((2 * (1 - Sigmoid(0.275))) + (3 * (1 - Sigmoid(-0.025)))) / 2;
        Assert.Equal(expected, PreferenceLoss.Compute(policy, answers, reference, weights: null, settings).item<float>(), 1e-6);

        // Where the policy has moved away from other answers the point is 0.
        Tensor below = tensor(new float[] { -1, -3.5f, -2, -4.6f });
        expected = ((2 * (1 - Sigmoid(0.5))) + (3 * (1 - Sigmoid(-0.25)))) / 2;
        Assert.Equal(expected, PreferenceLoss.Compute(below, answers, reference, weights: null, settings).item<float>(), 1e-6);
    }

    [Fact]
    public void Answers_of_other_rows_get_no_gradient()
    {
        using var scope = NewDisposeScope();
        using AnswerTokens answers = new([(1, 1), (1, 1)]) { IsDesirable = [true, false] };
        Tensor policy = tensor(new float[] { -1, -3, -2, -4 }).requires_grad_(true);
        PreferenceLoss.Compute(policy, answers, zeros(4) - 3, weights: null, new() { Unpaired = (1, 1) }).backward();
        float[] gradients = policy.grad!.data<float>().ToArray();
        Assert.True(gradients[0] < 0 && gradients[2] > 0);
        Assert.Equal((0, 0), (gradients[1], gradients[3]));
    }

    [Fact]
    public void A_run_starts_at_one_half_and_learns_which_answers_are_good()
    {
        List<VlmTrainingMetrics> log = [];
        VlmKtoEstimator estimator = Estimator(options => (options.MaxSteps, options.BatchSize, options.MetricsCallback) = (20, 8, log.Add), out MLContext ml);
        using VlmTransformer model = estimator.Fit(Load(ml));
        Assert.Equal(0.5, log[0].Loss);
        Assert.Equal(0, log[0].Values[UnpairedMetrics.Divergence]);
        Assert.Equal(0, log[0].Values[PreferenceMetrics.ChosenReward]);
        Assert.True(log[^1].Loss < 0.4, $"{log[^1].Loss}");
        Assert.True(log[^1].Values[PreferenceMetrics.ChosenReward] > 0);
        Assert.True(log[^1].Values[PreferenceMetrics.RejectedReward] < 0);
        Assert.All(log, metrics => Assert.True(metrics.Values[UnpairedMetrics.Divergence] >= 0));

        // All rows are one batch, whose reference is computed in the first epoch.
        Assert.Equal(1, estimator.ReferencePasses);
    }

    [Fact]
    public void A_run_that_goes_on_ends_with_the_same_bits_and_refuses_other_labels()
    {
        string whole = _data.Path("whole"), resumed = _data.Path("resumed");
        void Run(string folder, string? checkpoint, bool flips = false)
            => Estimator(options => (options.MaxSteps, options.SaveSteps, options.OutputDirectory, options.ResumeFromCheckpoint) = (6, 3, folder, checkpoint), out MLContext ml).Fit(Load(ml, flips)).Dispose();
        Run(whole, null);
        string checkpoint = System.IO.Path.Combine(whole, "checkpoint-3");
        Run(resumed, checkpoint);
        byte[] Adapter(string folder) => File.ReadAllBytes(System.IO.Path.Combine(folder, "adapter_model.safetensors"));
        Assert.Equal(Adapter(whole), Adapter(resumed));
        Assert.Contains("column 'Good'", Assert.Throws<InvalidOperationException>(() => Run(resumed, checkpoint, flips: true)).Message);
    }

    [Fact]
    public void Held_out_answers_are_evaluated_while_training()
    {
        List<VlmEvaluation> evaluations = [];
        MLContext data = new(seed: 1);
        Estimator(options =>
        {
            (options.MaxSteps, options.EvalSteps, options.GeneratedEvaluationRows) = (20, 10, 1);
            (options.EvaluationData, options.EvaluationCallback) = (Load(data), evaluations.Add);
        }, out MLContext ml).Fit(Load(ml)).Dispose();
        Assert.True(evaluations[^1].Loss < 0.5);
        Assert.True(evaluations[^1].Values["eval_rewards/chosen"] > evaluations[^1].Values["eval_rewards/rejected"]);
        Assert.Single(evaluations[^1].Answers);
    }

    [Fact]
    public void Wrong_columns_empty_answers_and_uneven_kinds_are_named()
    {
        Assert.Contains("'Wrong'", Assert.ThrowsAny<ArgumentOutOfRangeException>(() => Estimator(options => options.DesirableColumnName = "Wrong", out MLContext ml).Fit(Load(ml))).Message);
        Assert.Contains("Boolean", Assert.ThrowsAny<ArgumentOutOfRangeException>(() => Estimator(options => options.DesirableColumnName = "Prompt", out MLContext ml).Fit(Load(ml))).Message);
        Assert.ThrowsAny<ArgumentOutOfRangeException>(() => Estimator(options => options.UndesirableWeight = 0, out _));
        foreach (ColorData.Row row in _data.Rows.Skip(6))
        {
            row.Label = " ";
        }
        Assert.Contains("Rows 6, 7", Assert.Throws<InvalidDataException>(() => Estimator(_ => { }, out MLContext ml).Fit(Load(ml))).Message);
        foreach (ColorData.Row row in _data.Rows.Skip(6))
        {
            row.Label = "blue";
        }
        Estimator(options => (options.MaxSteps, options.DesirableWeight) = (1, 4), out MLContext context).Fit(Load(context)).Dispose();
        Assert.Contains(_log, line => line.Contains("weighted 4.00 to 1", StringComparison.Ordinal));
    }

    public void Dispose() => _data.Dispose();

    private static double Sigmoid(double x) => 1 / (1 + Math.Exp(-x));

    private VlmKtoEstimator Estimator(Action<VlmKtoEstimator.Options> change, out MLContext ml)
    {
        VlmKtoEstimator.Options options = new()
        {
            ModelPath = TinyVlm.Folder,
            CompletionColumnName = "Label",
            DesirableColumnName = "Good",
            Lora = new LoraOptions { Rank = 2, Alpha = 4 },
            BatchSize = 2,
            LearningRate = 0.02,
            LoggingSteps = 1,
            Generation = new GenerationOptions { MaxNewTokens = 6 },
        };
        change(options);
        ml = new MLContext(seed: 1);
        ml.Log += (_, line) => _log.Enqueue(line.Message);
        return ml.Transforms.VlmKto(options);
    }

    // Every other row's answer is a good one.
    private IDataView Load(MLContext ml, bool flips = false)
    {
        IDataView rows = ml.Data.LoadFromEnumerable(_data.Rows.Select((row, index) => new Row { ImagePath = row.ImagePath, Prompt = row.Prompt, Label = row.Label, Good = index % 2 == 0 ^ flips }));
        return ml.Transforms.LoadImages("Image", _data.Folder, nameof(Row.ImagePath)).Fit(rows).Transform(rows);
    }

    private sealed class Row
    {
        public string ImagePath { get; set; } = "";

        public string Prompt { get; set; } = "";

        public string Label { get; set; } = "";

        public bool Good { get; set; }
    }
}
