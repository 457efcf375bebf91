using Microsoft.ML.Vlm.Training;
using static TorchSharp.torch;

namespace Microsoft.ML.Vlm.Tests.Training;

public sealed class AdamWTests
{
    [Fact]
    public void Biases_and_norms_do_not_decay()
    {
        using var scope = NewDisposeScope();
        // Without gradient the step is the decay alone: p * (1 - 0.1 * 0.5).
        TrainableParameter[] parameters = [.. new[] { "a.q_proj.weight", "a.q_proj.bias", "a.input_layernorm.weight", "a.norm.weight", "a.q_proj.lora_B.weight" }
            .Select(name => new TrainableParameter(name, ones(1)))];
        using AdamW optimizer = new(parameters, weightDecay: 0.5);
        optimizer.Step([.. parameters.Select(_ => zeros(1))], 0.1);
        Assert.Equal([0.95f, 1, 1, 1, 0.95f], parameters.Select(parameter => parameter.Value.item<float>()), new Tolerance(1e-6f));
    }

    [Fact]
    public void A_parameter_without_gradient_is_left_alone_and_starts_later_with_its_first_step()
    {
        using var scope = NewDisposeScope();
        TrainableParameter[] parameters = [new("a.weight", ones(1)), new("b.weight", ones(1))];
        using AdamW optimizer = new(parameters, weightDecay: 0.5, epsilon: 0);
        optimizer.Step([ones(1), null], 0.1);
        Assert.Equal(1f, parameters[1].Value.item<float>());
        // A first step moves by the learning rate: 1 * 0.95 - 0.1.
        optimizer.Step([null, full(1, 3f)], 0.1);
        Assert.Equal(0.85f, parameters[1].Value.item<float>(), 5);
    }

    [Fact]
    public void The_learning_rate_is_scaled_by_parameter()
    {
        using var scope = NewDisposeScope();
        TrainableParameter[] parameters = [new("a.weight", ones(1)), new("b.weight", ones(1)) { LearningRateScale = 4 }, new("c.weight", ones(1)) { LearningRateScale = 0 }];
        using AdamW optimizer = new(parameters, epsilon: 0);
        optimizer.Step([ones(1), ones(1), ones(1)], 0.1);
        // A first step moves by the learning rate.
        Assert.Equal([0.9f, 0.6f, 1], parameters.Select(parameter => parameter.Value.item<float>()), new Tolerance(1e-6f));
    }

    [Fact]
    public void In_bfloat16_a_step_is_computed_wide_and_parameter_and_moments_are_rounded()
    {
        using var scope = NewDisposeScope();
        Tensor value = full(1, 1f, dtype: ScalarType.BFloat16), gradient = full(1, 0.3f, dtype: ScalarType.BFloat16);
        using AdamW optimizer = new([new TrainableParameter("a.weight", value)], epsilon: 0);
        optimizer.Step([gradient], 0.1);
        Assert.All(optimizer.FirstMoments.Concat(optimizer.SecondMoments), moment => Assert.Equal(ScalarType.BFloat16, moment.dtype));
        float Rounded(float number) => tensor(number).to(ScalarType.BFloat16).to(ScalarType.Float32).item<float>();
        float wide = Rounded(0.3f);

        // A first step moves by the learning rate.
        Assert.Equal(Rounded(0.9f), value.to(ScalarType.Float32).item<float>());
        Assert.Equal(Rounded(0.1f * wide), optimizer.FirstMoments[0].to(ScalarType.Float32).item<float>());
        Assert.Equal(Rounded(0.001f * wide * wide), optimizer.SecondMoments[0].to(ScalarType.Float32).item<float>());
    }

    [Fact]
    public void A_saved_state_goes_on_with_the_same_bits()
    {
        using var scope = NewDisposeScope();
        using Generator generator = new(3);
        Tensor[] gradients = [.. Enumerable.Range(0, 6).Select(_ => randn(4, 3, generator: generator))];
        TrainableParameter[] straight = [new("a.weight", ones(4, 3)), new("b.weight", ones(4, 3))], resumed = [new("a.weight", ones(4, 3)), new("b.weight", ones(4, 3))];
        using AdamW whole = new(straight, weightDecay: 0.1), first = new(resumed, weightDecay: 0.1), second = new(resumed, weightDecay: 0.1);
        for (int step = 0; step < 6; step++)
        {
            // The second parameter misses the first step, so that the counts differ.
            whole.Step([gradients[step], step == 0 ? null : gradients[step]], 0.01);
        }
        for (int step = 0; step < 3; step++)
        {
            first.Step([gradients[step], step == 0 ? null : gradients[step]], 0.01);
        }
        second.LoadTensors(first.ToTensors());
        for (int step = 3; step < 6; step++)
        {
            second.Step([gradients[step], gradients[step]], 0.01);
        }
        Assert.All(straight.Zip(resumed), pair => Assert.True(ToyModel.Same(pair.First.Value, pair.Second.Value)));
        Assert.Equal([6L, 5L], straight.Select(parameter => second.ToTensors()[$"{parameter.Name}.step"].item<long>()));
        Assert.All(whole.ToTensors().Where(pair => pair.Value.dtype == ScalarType.Float32), pair => Assert.True(ToyModel.Same(pair.Value, second.ToTensors()[pair.Key]), pair.Key));
    }

    [Theory]
    [InlineData("missing", "'a.weight.exp_avg_sq'")]
    [InlineData("unknown", "'b.weight.exp_avg'")]
    [InlineData("shape", "'a.weight.exp_avg' of the saved optimizer state is Float32 [3]")]
    [InlineData("type", "'a.weight.step' of the saved optimizer state is Int32")]
    [InlineData("count", "'a.weight.step' of the saved optimizer state is -1")]
    public void A_state_of_something_else_is_refused_and_changes_nothing(string damage, string expected)
    {
        using var scope = NewDisposeScope();
        using AdamW optimizer = new([new("a.weight", ones(2))]);
        Dictionary<string, Tensor> saved = optimizer.ToTensors().ToDictionary(pair => pair.Key, pair => ones_like(pair.Value));
        switch (damage)
        {
            case "missing": saved.Remove("a.weight.exp_avg_sq"); break;
            case "unknown": saved.Add("b.weight.exp_avg", ones(2)); break;
            case "shape": saved["a.weight.exp_avg"] = ones(3); break;
            case "type": saved["a.weight.step"] = tensor(1); break;
            default: saved["a.weight.step"] = tensor(-1L); break;
        }
        Assert.Contains(expected, Assert.Throws<InvalidDataException>(() => optimizer.LoadTensors(saved)).Message);
        Assert.Equal([0f, 0f], optimizer.FirstMoments[0].data<float>().ToArray());
    }
}
