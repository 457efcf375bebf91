using Microsoft.ML.Vlm.Adapters;
using Microsoft.ML.Vlm.Models.Blocks;
using Microsoft.ML.Vlm.Tests.Training;
using static TorchSharp.torch;

namespace Microsoft.ML.Vlm.Tests.Adapters;

public sealed class LoraAdapterTests
{
    [Fact]
    public void The_update_is_the_product_times_alpha_over_the_rank()
    {
        using var scope = NewDisposeScope();
        using ToyModel model = new();
        using AdapterSet adapters = LoraInjection.Inject(model, new LoraOptions { Rank = 2, Alpha = 6 }, 1);
        LoraAdapter layer = adapters.Layers["layer.q_proj"];
        using (no_grad())
        {
            layer.A.copy_(arange(12).view(2, 6));
            layer.B.copy_(arange(12).view(6, 2).to(ScalarType.Float32).neg());
        }
        Tensor x = tensor(new float[,] { { 0, 1, 0, 0, 1, 0 } });
        // A x = (1 + 4, 7 + 10) = (5, 17); row i of -B is (2i, 2i + 1); scale 6 / 2 = 3.
        float[] expected = [.. Enumerable.Range(0, 6).Select(row => -3f * ((5 * 2 * row) + (17 * ((2 * row) + 1))))];
        Assert.Equal(expected, layer.Apply(x, zeros(1, 6)).data<float>().ToArray());
    }

    [Fact]
    public void New_adapters_change_nothing_and_are_uniform_within_the_bound()
    {
        using var scope = NewDisposeScope();
        using ToyModel model = new();
        Linear linear = model.Linears["layer.q_proj"];
        Tensor x = randn(4, 6), before = linear.Forward(x);
        using AdapterSet adapters = LoraInjection.Inject(model, new LoraOptions { Rank = 64 }, 1);
        Assert.True(ToyModel.Same(before, linear.Forward(x)));
        Tensor a = adapters.Layers["layer.q_proj"].A;
        double bound = 1 / Math.Sqrt(6);
        Assert.InRange(a.abs().max().item<float>(), 0.98 * bound, bound);
        // The deviation of a uniform distribution over ±b is b / sqrt(3).
        Assert.InRange(a.std().item<float>(), 0.9 * bound / Math.Sqrt(3), 1.1 * bound / Math.Sqrt(3));
    }

    [Fact]
    public void The_same_seed_gives_the_same_adapters()
    {
        using var scope = NewDisposeScope();
        Assert.Equal(First(1), First(1));
        Assert.NotEqual(First(1), First(2));

        static float[] First(int seed)
        {
            using ToyModel model = new();
            using AdapterSet adapters = LoraInjection.Inject(model, new LoraOptions(), seed);
            return adapters.Parameters.First().data<float>().ToArray();
        }
    }

    [Fact]
    public void Gradients_reach_both_matrices_and_the_input_of_any_shape()
    {
        using var scope = NewDisposeScope();
        using ToyModel model = new();
        using AdapterSet adapters = LoraInjection.Inject(model, new LoraOptions(), 1);
        LoraAdapter layer = adapters.Layers["layer.q_proj"];
        using (no_grad())
        {
            layer.B.fill_(0.1);
        }
        Tensor x = randn(2, 3, 6, requires_grad: true), y = model.Linears["layer.q_proj"].Forward(x);
        Assert.Equal([2L, 3, 6], y.shape);
        y.pow(2).sum().backward();
        Assert.All([layer.A, layer.B, x], leaf => Assert.True(leaf.grad!.abs().max().item<float>() > 0));
    }

    [Fact]
    public void In_bfloat16_it_computes_in_bfloat16_and_trains_in_float()
    {
        using var scope = NewDisposeScope();
        using ToyModel model = new();
        using AdapterSet adapters = LoraInjection.Inject(model, new LoraOptions(), 1);
        LoraAdapter layer = adapters.Layers["layer.q_proj"];
        Tensor y = layer.Apply(randn(3, 6, dtype: ScalarType.BFloat16), zeros(3, 6, dtype: ScalarType.BFloat16));
        Assert.Equal(ScalarType.BFloat16, y.dtype);
        y.sum().backward();
        Assert.Equal(ScalarType.Float32, layer.B.grad!.dtype);
    }

    [Fact]
    public void Dropout_is_on_while_training_only_and_repeats_with_its_seed()
    {
        using var scope = NewDisposeScope();
        using ToyModel model = new();
        using AdapterSet adapters = LoraInjection.Inject(model, new LoraOptions { Dropout = 0.25 }, 1);
        Tensor input = ones(100, 100);
        Assert.Same(input, adapters.Drop(input));
        adapters.IsTraining = true;
        adapters.SeedDropout(5);
        Tensor first = adapters.Drop(input), second = adapters.Drop(input);
        adapters.SeedDropout(5);
        Assert.True(ToyModel.Same(first, adapters.Drop(input)));
        Assert.False(ToyModel.Same(first, second));
        Assert.InRange(first.eq(0).to(ScalarType.Float32).mean().item<float>(), 0.23f, 0.27f);
        Assert.Equal(4f / 3, first.max().item<float>(), 5);
    }

    [Fact]
    public void Switched_off_the_model_is_the_base_model()
    {
        using ToyModel model = new();
        AdapterSet adapters = LoraInjection.Inject(model, new LoraOptions(), 1);
        LoraAdapter layer = adapters.Layers["layer.q_proj"];
        adapters.IsEnabled = false;
        Assert.Null(model.Linears["layer.q_proj"].Adapter);
        adapters.IsEnabled = true;
        Assert.Same(layer, model.Linears["layer.q_proj"].Adapter);
        Assert.Throws<InvalidOperationException>(() => LoraInjection.Inject(model, new LoraOptions(), 1));
        Assert.Same(layer, model.Linears["layer.q_proj"].Adapter);
        adapters.Dispose();
        Assert.Null(model.Linears["layer.q_proj"].Adapter);
    }
}
