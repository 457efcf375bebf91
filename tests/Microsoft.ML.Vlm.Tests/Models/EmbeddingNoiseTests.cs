using Microsoft.ML.Vlm.Models;
using Microsoft.ML.Vlm.Processing;
using Microsoft.ML.Vlm.Tests.Training;
using Microsoft.ML.Vlm.Training;
using static TorchSharp.torch;

namespace Microsoft.ML.Vlm.Tests.Models;

public sealed class EmbeddingNoiseTests
{
    [Fact]
    public void The_noise_is_uniform_and_bounded_by_the_length_of_the_row()
    {
        using var scope = NewDisposeScope();
        using VlmBatch batch = VlmBatch.Create([ToyModel.Text(0, 1, 1, 2, 3, 4), ToyModel.Text(1, 1, [.. Enumerable.Repeat(1, 100)])], 2);
        Tensor noise = new EmbeddingNoise(5, seed: 1).Add(zeros(104, 400), batch);
        // 5 / sqrt(4 * 400) = 0.125 and 5 / sqrt(100 * 400) = 0.025.
        Bounded(noise.narrow(0, 0, 4), 0.125);
        Bounded(noise.narrow(0, 4, 100), 0.025);
    }

    [Fact]
    public void An_answer_behind_a_shared_prompt_counts_the_prompt()
    {
        using var scope = NewDisposeScope();
        Segment[] segments = [new(new(0, 3), [], 0), new(new(3, 1), [new(0, 3)], 0)];
        using VlmBatch batch = VlmBatch.Create([ToyModel.Text(0, 1, 1, 2, 3), ToyModel.Text(0, 1, 4)], 2, segments, [0, 1, 2, 3]);
        Tensor noise = new EmbeddingNoise(4, seed: 1).Add(zeros(4, 400), batch);
        Bounded(noise.narrow(0, 3, 1), 0.1);
        Assert.False(ToyModel.Same(noise[0], noise[3]));
    }

    [Fact]
    public void A_row_has_the_same_noise_in_any_batch_and_another_one_each_step()
    {
        using var scope = NewDisposeScope();
        VlmSample first = ToyModel.Text(7, 1, 1, 2), second = ToyModel.Text(8, 1, 3, 4, 5);
        using VlmBatch both = VlmBatch.Create([first, second], 2), alone = VlmBatch.Create([second], 2);
        EmbeddingNoise noise = new(5, seed: 1) { Step = 3 };
        Tensor together = noise.Add(zeros(5, 6), both);
        Assert.True(ToyModel.Same(together.narrow(0, 2, 3), noise.Add(zeros(3, 6), alone)));
        Assert.False(ToyModel.Same(noise.Add(zeros(3, 6), alone), new EmbeddingNoise(5, seed: 2) { Step = 3 }.Add(zeros(3, 6), alone)));
        noise.Step = 4;
        Assert.False(ToyModel.Same(together, noise.Add(zeros(5, 6), both)));
    }

    [Fact]
    public void Only_training_passes_take_it()
    {
        using var scope = NewDisposeScope();
        using VisionLanguageModel model = TinyModels.Create();
        using VlmBatch batch = VlmBatch.Create([ToyModel.Text(0, 1, 1, 2, 3)], model.TokensPerTile);
        Tensor plain = model.Forward(batch, null);
        model.EmbeddingNoise = new EmbeddingNoise(5, seed: 1);
        Assert.True(ToyModel.Same(plain, model.Forward(batch, null)));
        using TrainingPass pass = model.BeginTraining(batch, null);
        Assert.False(ToyModel.Same(plain, pass.Hidden));
    }

    [Fact]
    public void A_run_with_noise_is_the_same_every_time_and_leaves_none_behind()
    {
        using var scope = NewDisposeScope();
        double[] first = Train(5), second = Train(5), without = Train(null);
        Assert.Equal(first, second);
        Assert.NotEqual(first, without);
    }

    private static double[] Train(double? alpha)
    {
        using VisionLanguageModel model = TinyModels.Create();
        List<double> losses = [];
        TrainingSettings settings = new() { BatchSize = 2, MaxSteps = 3, LoggingSteps = 1, LearningRate = 1e-3, NeftuneNoiseAlpha = alpha };
        new FineTuningLoop(model, null, new SftObjective(), settings)
            .Run(new SampleList([ToyModel.Text(0, 2, 1, 2, 3), ToyModel.Text(1, 2, 4, 5, 6, 7)]), metrics => losses.Add(metrics.Loss), default);
        Assert.Null(model.EmbeddingNoise);
        return [.. losses];
    }

    private static void Bounded(Tensor noise, double magnitude)
    {
        Assert.InRange(noise.abs().max().item<float>(), magnitude * 0.95, magnitude * 1.000001);
        // Variance of a uniform distribution over a width of 2 m: m² / 3.
        Assert.Equal(magnitude * magnitude / 3, noise.var().item<float>(), magnitude * magnitude * 0.1);
        Assert.Equal(0, noise.mean().item<float>(), magnitude * 0.1);
    }
}
