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
}
