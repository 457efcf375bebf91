using Microsoft.ML.Vlm.Training;
using static TorchSharp.torch;

namespace Microsoft.ML.Vlm.Tests.Training;

public sealed class GradientClippingTests
{
    [Fact]
    public void The_norm_is_that_of_all_gradients_together()
    {
        using var scope = NewDisposeScope();
        // 1² + 2² + 2² + 4² = 25.
        Assert.Equal(5, GradientClipping.Norm([tensor(new float[] { 1, 2 }), tensor(new float[,] { { -2 }, { 4 } })]), 6);
    }

    [Theory]
    [InlineData(0.5, 1, 1)]
    [InlineData(4, 1, 0.24999993750001562)]
    [InlineData(4, 2, 0.49999987500003125)]
    [InlineData(4, 0, 1)]
    public void The_factor_is_the_maximum_over_the_norm_and_at_most_one(double norm, double maximum, double expected)
        => Assert.Equal(expected, GradientClipping.Factor(norm, maximum), 14);

    [Fact]
    public void Long_gradients_are_shortened_in_place_and_the_old_norm_is_told()
    {
        using var scope = NewDisposeScope();
        Tensor gradient = tensor(new float[] { 3, 4 });
        Assert.Equal(5, GradientClipping.Clip([gradient], 1), 6);
        Assert.Equal([0.6f, 0.8f], gradient.data<float>().ToArray(), new Tolerance(1e-6f));
    }

    [Fact]
    public void Zero_switches_clipping_off()
    {
        using var scope = NewDisposeScope();
        Tensor gradient = tensor(new float[] { 3, 4 });
        Assert.Equal(5, GradientClipping.Clip([gradient], 0), 6);
        Assert.Equal([3f, 4f], gradient.data<float>().ToArray());
    }
}
