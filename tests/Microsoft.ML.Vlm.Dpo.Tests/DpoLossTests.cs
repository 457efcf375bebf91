using static TorchSharp.torch;

namespace Microsoft.ML.Vlm.Dpo.Tests;

public sealed class DpoLossTests
{
    // -log sigmoid(0) = ln 2; -log sigmoid(0.1 * (2 - (-1))) = ln(1 + e^-0.3); -log sigmoid(0.1 * (-4 - 1)) = ln(1 + e^0.5).
    [Theory]
    [InlineData(-3, -5, -3, -5, 0.693147181)]
    [InlineData(-1, -6, -3, -5, 0.554355244)]
    [InlineData(-7, -4, -3, -5, 0.974076984)]
    public void Sigmoid_gives_the_hand_computed_loss(
        float policyChosen, float policyRejected, float referenceChosen, float referenceRejected, double expected)
    {
        using var scope = NewDisposeScope();
        double loss = DpoLoss.Sigmoid(policyChosen, policyRejected, referenceChosen, referenceRejected, beta: 0.1).item<float>();
        Assert.Equal(expected, loss, 6);
    }

    [Fact]
    public void Sigmoid_refuses_a_beta_of_zero()
    {
        using var scope = NewDisposeScope();
        Assert.Throws<ArgumentOutOfRangeException>(() => DpoLoss.Sigmoid(0f, 0f, 0f, 0f, beta: 0));
    }
}
