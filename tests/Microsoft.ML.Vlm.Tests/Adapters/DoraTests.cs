using Microsoft.ML.Vlm.Adapters;
using Microsoft.ML.Vlm.Models.Blocks;
using Microsoft.ML.Vlm.Tests.Training;
using static TorchSharp.torch;

namespace Microsoft.ML.Vlm.Tests.Adapters;

public sealed class DoraTests
{
    private const string Path = "layer.q_proj";

    [Fact]
    public void Rows_have_the_lengths_that_the_magnitudes_say()
    {
        using var scope = NewDisposeScope();
        // W + 2 B A = [[3, 4], [0, 1 + 2 * 3 * 1]] = [[3, 4], [0, 7]]: lengths 5 and 7.
        Tensor weight = tensor(new float[,] { { 3, 4 }, { 0, 1 } }), a = tensor(new float[,] { { 0, 1 } }), b = tensor(new float[,] { { 0 }, { 3 } });
        Assert.Equal([5f, 7f], Dora.RowNorms(weight, a, b, 2).data<float>().ToArray());
        Assert.Equal([5f, 7f], Dora.RowNormsOf(weight, weight.square().sum(1), a, b, 2).data<float>().ToArray());
    }

    [Theory]
    [InlineData(0.0)]
    [InlineData(0.4)]
    public void The_output_is_that_of_the_scaled_rows(double dropout)
    {
        using var scope = NewDisposeScope();
        using ToyModel model = new();
        using AdapterSet adapters = LoraInjection.Inject(model, new LoraOptions { Rank = 2, UseDora = true, Dropout = dropout }, 1);
        LoraAdapter adapter = adapters.Layers[Path];
        Linear layer = model.Linears[Path];
        using (no_grad())
        {
            adapter.B.normal_();
            adapter.Magnitude!.mul_(1.5);
        }
        Tensor x = randn(5, 6), merged = adapter.MergedWeight(layer.Weight.Value);
        Assert.True(allclose(nn.functional.linear(x, merged, layer.Bias!.Value), layer.Forward(x), 1e-4, 1e-5));
        Assert.True(allclose(linalg.norm(merged, dims: [1]), adapter.Magnitude!, 1e-5));
        if (dropout == 0)
        {
            return;
        }

        // PEFT: y + (m/n - 1) W drop(x) + (m/n) s B A drop(x), with one and the same dropped input.
        adapters.IsTraining = true;
        adapters.SeedDropout(3);
        Tensor actual = layer.Forward(x);
        adapters.SeedDropout(3);
        Tensor dropped = adapters.Drop(x), w = layer.Weight.Value;
        Tensor ratio = adapter.Magnitude! / Dora.RowNorms(w, adapter.A, adapter.B, adapter.Scale);
        Tensor update = nn.functional.linear(nn.functional.linear(dropped, adapter.A), adapter.B) * adapter.Scale;
        Tensor expected = nn.functional.linear(x, w, layer.Bias!.Value) + ((ratio - 1) * nn.functional.linear(dropped, w)) + (ratio * update);
        Assert.True(allclose(expected, actual, 1e-4, 1e-5));
    }

    [Fact]
    public void New_adapters_change_nothing_and_the_lengths_are_no_part_of_the_gradient()
    {
        using var scope = NewDisposeScope();
        using ToyModel model = new();
        Linear layer = model.Linears[Path];
        Tensor x = randn(4, 6), before = layer.Forward(x);
        using AdapterSet adapters = LoraInjection.Inject(model, new LoraOptions { Rank = 2, UseDora = true }, 1);
        LoraAdapter adapter = adapters.Layers[Path];
        Assert.True(allclose(before, layer.Forward(x), 1e-5, 1e-6));
        Assert.Equal(3, adapters.Parameters.Count());

        // With n fixed, dL/dB = s (m/n) gᵀ (A x).
        Tensor g = randn(4, 6);
        (layer.Forward(x) * g).sum().backward();
        Tensor ratio = (adapter.Magnitude! / Dora.RowNorms(layer.Weight.Value, adapter.A, adapter.B, adapter.Scale)).detach();
        Tensor expected = (g * ratio).t().mm(x.mm(adapter.A.detach().t())) * adapter.Scale;
        Assert.True(allclose(expected, adapter.B.grad!, 1e-4, 1e-5));
        Assert.True(adapter.Magnitude!.grad!.abs().max().item<float>() > 0);
    }

    [Fact]
    public void Lengths_are_kept_while_answering_and_made_anew_after_training()
    {
        using var scope = NewDisposeScope();
        using ToyModel model = new();
        using AdapterSet adapters = LoraInjection.Inject(model, new LoraOptions { Rank = 2, UseDora = true }, 1);
        Linear layer = model.Linears[Path];
        Tensor x = randn(4, 6);
        using var values = no_grad();
        adapters.AttachTo(model);
        Tensor first = layer.Forward(x);
        Assert.True(ToyModel.Same(first, layer.Forward(x)));
        adapters.IsTraining = false;
        adapters.Layers[Path].B.normal_();
        Assert.False(adapters.IsServing);
        Assert.True(allclose(nn.functional.linear(x, adapters.Layers[Path].MergedWeight(layer.Weight.Value), layer.Bias!.Value), layer.Forward(x), 1e-4, 1e-5));
    }
}
