using static TorchSharp.torch;

namespace Microsoft.ML.Vlm.Dpo;

/// <summary>The score of an answer: f'(π / π_ref) for the divergence that f generates (Wang et al. 2024, "Beyond reverse KL").</summary>
internal static class DivergenceScore
{
    // exp(80) is still a float32 number.
    private const double LargestExponent = 80;

    /// <summary>
    /// With u = log π / π_ref: reverse KL u; forward KL -e^-u; Jensen-Shannon log σ(u); alpha e^((α-1)u) / (α-1) with the exponent held below 80, and u where α = 1.
    /// </summary>
    /// <param name="logRatios">u, any shape.</param>
    /// <param name="divergence">The divergence.</param>
    /// <param name="alpha">Coefficient of the alpha divergence.</param>
    public static Tensor Of(Tensor logRatios, FDivergence divergence, double alpha) => divergence switch
    {
        FDivergence.ForwardKl => -(-logRatios).exp(),
        FDivergence.JensenShannon => nn.functional.logsigmoid(logRatios),
        FDivergence.Alpha when Math.Abs(alpha - 1) >= 1e-6 => (logRatios * (alpha - 1)).clamp_max(LargestExponent).exp() / (alpha - 1),
        _ => logRatios,
    };
}
