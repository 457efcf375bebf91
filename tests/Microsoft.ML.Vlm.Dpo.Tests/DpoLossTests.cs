using static TorchSharp.torch;

namespace Microsoft.ML.Vlm.Dpo.Tests;

public sealed class DpoLossTests
{
    private const double Beta = 0.5;

    // One pair with the scores 2 and -1: z = 0.5 * 3 = 1.5, bc = 1, br = -0.5.
    private static readonly double s_z = 1.5;

    public static TheoryData<string, double> OnePair => new()
    {
        { "sigmoid", Softplus(-s_z) },
        { "hinge", 0 },
        // (2/4 - (-1)/2 - 1)² = 0.
        { "ipo", 0 },
        { "nca_pair", Softplus(-1) + (0.5 * Softplus(1)) + (0.5 * Softplus(-0.5)) },
        { "bco_pair", Softplus(-1) + Softplus(-0.5) },
        // 1 / (2 beta) = 1: (2 - 1)² + (-1 + 1)².
        { "sppo_hard", 1 },
        { "apo_zero", 1 - Sigmoid(1) + Sigmoid(-0.5) },
        { "apo_down", Sigmoid(1) + 1 - Sigmoid(s_z) },
        { "sigmoid_norm", Softplus(-0.5) },
        { "robust", ((0.9 * Softplus(-s_z)) - (0.1 * Softplus(s_z))) / 0.8 },
        { "exo_pair", (Sigmoid(s_z) * (-Softplus(-s_z) - Math.Log(0.9))) + (Sigmoid(-s_z) * (-Softplus(s_z) - Math.Log(0.1))) },
        // The modulation of a margin of 1.5 / 1 is σ(1.5).
        { "discopop", ((1 - Sigmoid(s_z)) * Softplus(-s_z)) + (Sigmoid(s_z) * Math.Exp(-s_z)) },
    };

    // -log sigmoid(0) = ln 2; -log sigmoid(0.1 * (2 - (-1))) = ln(1 + e^-0.3); -log sigmoid(0.1 * (-4 - 1)) = ln(1 + e^0.5).
    [Theory]
    [InlineData(0, 0, 0.693147181)]
    [InlineData(2, -1, 0.554355244)]
    [InlineData(-4, 1, 0.974076984)]
    public void Sigmoid_gives_the_hand_computed_loss(float chosen, float rejected, double expected)
    {
        using var scope = NewDisposeScope();
        Assert.Equal(expected, DpoLoss.Sigmoid(chosen, rejected, beta: 0.1).item<float>(), 6);
    }

    [Theory]
    [MemberData(nameof(OnePair))]
    public void Each_loss_gives_the_hand_computed_value(string name, double expected)
    {
        using var scope = NewDisposeScope();
        Tensor c = tensor(new[] { 2f }), r = tensor(new[] { -1f }), four = tensor(new[] { 4f }), two = tensor(new[] { 2f });
        Tensor loss = name switch
        {
            "sigmoid" => DpoLoss.Sigmoid(c, r, Beta),
            "hinge" => DpoLoss.Hinge(c, r, Beta),
            "ipo" => DpoLoss.Ipo(c, r, four, two, Beta),
            "nca_pair" => DpoLoss.NcaPair(c, r, Beta),
            "bco_pair" => DpoLoss.BcoPair(c, r, Beta),
            "sppo_hard" => DpoLoss.SppoHard(c, r, Beta),
            "apo_zero" => DpoLoss.ApoZero(c, r, Beta),
            "apo_down" => DpoLoss.ApoDown(c, c, r, Beta),
            "sigmoid_norm" => DpoLoss.SigmoidNorm(c, r, four, two, Beta),
            "robust" => DpoLoss.Robust(c, r, Beta, epsilon: 0.1),
            "exo_pair" => DpoLoss.ExoPair(c, r, Beta, epsilon: 0.1),
            _ => DpoLoss.DiscoPop(c, r, Beta, tau: 1),
        };
        Assert.Equal(expected, loss.item<float>(), 5);
    }

    [Fact]
    public void A_margin_that_is_too_small_costs_the_hinge_what_is_missing()
    {
        using var scope = NewDisposeScope();
        Assert.Equal([0.5f, 2f], DpoLoss.Hinge(tensor(new[] { 1f, -1f }), tensor(new[] { 0f, 1f }), Beta).data<float>().ToArray());
    }

    [Fact]
    public void Alignment_by_optimal_transport_compares_sorted_lists()
    {
        using var scope = NewDisposeScope();
        // Sorted: (1, 3) and (0, 4), differences 1 and -1.
        Tensor losses = DpoLoss.Aot(tensor(new[] { 3f, 1f }), tensor(new[] { 0f, 4f }), beta: 1, epsilon: 0.25);
        Assert.Equal((0.75 * Softplus(-1)) + (0.25 * Softplus(1)), losses[0].item<float>(), 5);
        Assert.Equal((0.75 * Softplus(1)) + (0.25 * Softplus(-1)), losses[1].item<float>(), 5);
    }

    [Theory]
    [InlineData(FDivergence.ReverseKl, 0.5, -2)]
    [InlineData(FDivergence.ForwardKl, 0.5, -7.389056)]
    [InlineData(FDivergence.JensenShannon, 0.5, -2.126928)]
    [InlineData(FDivergence.Alpha, 0.5, -5.436564)]
    [InlineData(FDivergence.Alpha, 1, -2)]
    public void A_divergence_turns_the_log_ratio_into_a_score(FDivergence divergence, double alpha, double expected)
    {
        using var scope = NewDisposeScope();
        // e^2 = 7.389056; log σ(-2) = -2.126928; e^(-0.5 * -2) / -0.5 = -2 e.
        Assert.Equal(expected, DivergenceScore.Of(tensor(new[] { -2f }), divergence, alpha).item<float>(), 5);
    }

    [Fact]
    public void The_exponent_of_the_alpha_divergence_stays_a_number()
    {
        using var scope = NewDisposeScope();
        Assert.True(float.IsFinite(DivergenceScore.Of(tensor(new[] { -1e6f }), FDivergence.Alpha, 0.5).item<float>()));
    }

    [Fact]
    public void Losses_without_reference_give_the_hand_computed_values()
    {
        using var scope = NewDisposeScope();
        Tensor c = tensor(new[] { -1f }), r = tensor(new[] { -2f });
        Assert.Equal(Softplus(-1.5), ReferenceFreeLoss.SimPo(c, r, beta: 2, gamma: 0.5, epsilon: 0).item<float>(), 5);
        Assert.Equal((0.9 * Softplus(-0.5)) + (0.1 * Softplus(0.5)), ReferenceFreeLoss.Cpo(c, r, beta: 0.5, epsilon: 0.1).item<float>(), 5);
        // Odds of e^-1 and e^-2: 1 / (e - 1) and 1 / (e² - 1).
        double odds = Math.Log(Math.Exp(2) - 1) - Math.Log(Math.E - 1);
        Assert.Equal(0.1 * Softplus(-odds), ReferenceFreeLoss.Orpo(c, r, beta: 0.1).item<float>(), 5);
        Assert.True(float.IsFinite(ReferenceFreeLoss.Orpo(tensor(new[] { 0f }), r, beta: 0.1).item<float>()));
    }

    [Fact]
    public void Unpaired_answers_are_measured_against_the_reference_point()
    {
        using var scope = NewDisposeScope();
        Tensor losses = KtoLoss.Compute(tensor(new[] { 3f, 3f }), tensor(new[] { true, false }), referencePoint: 1, beta: 0.5, desirableWeight: 2, undesirableWeight: 1);
        Assert.Equal(2 * (1 - Sigmoid(1)), losses[0].item<float>(), 5);
        Assert.Equal(1 - Sigmoid(-1), losses[1].item<float>(), 5);
        Assert.Equal(0, KtoLoss.ReferencePoint(tensor(new[] { -3f, 1f })));
        Assert.Equal(2, KtoLoss.ReferencePoint(tensor(new[] { 5f, -1f })));
    }

    private static double Sigmoid(double x) => 1 / (1 + Math.Exp(-x));

    private static double Softplus(double x) => Math.Log(1 + Math.Exp(x));
}
