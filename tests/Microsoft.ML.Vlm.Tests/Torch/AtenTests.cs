using Microsoft.ML.Vlm.Torch;
using static TorchSharp.torch;

namespace Microsoft.ML.Vlm.Tests.Torch;

public sealed class AtenTests
{
    [Fact]
    public void Attention_with_fewer_key_heads_equals_attention_with_repeated_ones_and_passes_gradients()
    {
        using var scope = NewDisposeScope();
        manual_seed(0);
        Tensor query = randn(1, 6, 5, 8, requires_grad: true), key = randn(1, 2, 5, 8), value = randn(1, 2, 5, 8);
        Tensor grouped = Aten.ScaledDotProductAttention(query, key, value, isCausal: true);
        Tensor repeated = nn.functional.scaled_dot_product_attention(
            query, key.repeat_interleave(3, 1), value.repeat_interleave(3, 1), is_casual: true);
        Assert.True(allclose(grouped, repeated, rtol: 0, atol: 1e-6));
        grouped.sum().backward();
        Assert.True(query.grad!.abs().max().item<float>() > 0);
    }

    [Fact]
    public void Rms_norm_divides_by_the_root_of_the_mean_square()
    {
        using var scope = NewDisposeScope();
        // Mean square of (3, 4) is 12.5; its root 3.5355339; the weights double and halve.
        Tensor result = Aten.RmsNorm(tensor(new float[,] { { 3, 4 } }), tensor(new float[] { 2, 0.5f }), epsilon: 0);
        Assert.Equal([1.6970563f, 0.5656854f], result.data<float>().ToArray(), new Tolerance(1e-6f));
    }

    [Fact]
    public void Fused_adam_takes_the_first_step_of_the_learning_rate()
    {
        using var scope = NewDisposeScope();
        // On the first step both moments are unbiased to g and g², so the step is lr * sign(g), after decay p * (1 - lr * decay).
        Tensor parameter = tensor(new float[] { 1, 2 });
        Aten.FusedAdamW([parameter], [tensor(new float[] { 0.5f, -3 })], [zeros(2)], [zeros(2)], [tensor(1f)], 0.1, 0.9, 0.999, 0.5, 0);
        Assert.Equal([0.85f, 2.0f], parameter.data<float>().ToArray(), new Tolerance(1e-6f));
    }

    [Fact]
    public unsafe void From_pointer_reads_the_memory_it_is_given()
    {
        float* memory = stackalloc float[] { 1, 2, 3, 4, 5, 6 };
        using Tensor view = Aten.FromPointer(memory, [2, 3], ScalarType.Float32);
        memory[5] = 9;
        Assert.Equal(9f, view[1, 2].item<float>());
    }

    [Fact]
    public void Elements_refuses_another_type()
    {
        using Tensor numbers = zeros(3);
        Assert.Throws<ArgumentException>(() => Aten.Elements<double>(numbers).Length);
    }
}
