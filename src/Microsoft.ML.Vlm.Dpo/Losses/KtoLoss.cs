using static TorchSharp.torch;

namespace Microsoft.ML.Vlm.Dpo;

/// <summary>Kahneman-Tversky optimization of unpaired answers (Ethayarajh et al. 2024, equation 8), as a pure function.</summary>
internal static class KtoLoss
{
    /// <summary>
    /// With the log-ratio u of an answer: desirable <c>λ_D (1 - σ(β (u - z)))</c>, undesirable <c>λ_U (1 - σ(β (z - u)))</c>, where z is the reference point.
    /// </summary>
    /// <param name="logRatios">u, <c>[answers]</c>.</param>
    /// <param name="isDesirable">Booleans, <c>[answers]</c>.</param>
    /// <param name="referencePoint">z, see <see cref="ReferencePoint"/>; a constant.</param>
    /// <param name="beta">Steepness.</param>
    /// <param name="desirableWeight">λ_D.</param>
    /// <param name="undesirableWeight">λ_U.</param>
    /// <returns>One loss an answer.</returns>
    public static Tensor Compute(Tensor logRatios, Tensor isDesirable, double referencePoint, double beta, double desirableWeight = 1, double undesirableWeight = 1)
    {
        Tensor gains = (logRatios - referencePoint) * beta;
        return where(isDesirable, (1 - gains.sigmoid()) * desirableWeight, (1 - (-gains).sigmoid()) * undesirableWeight);
    }

    /// <summary>
    /// The estimate of KL(π ‖ π_ref): the mean log-ratio of answers that belong to other prompts of the batch, at least 0.
    /// </summary>
    /// <param name="mismatchedLogRatios">Log-ratios of prompts with the answers of others, at least one.</param>
    public static double ReferencePoint(Tensor mismatchedLogRatios)
    {
        using var scope = NewDisposeScope();
        return Math.Max(0, mismatchedLogRatios.detach().mean().item<float>());
    }
}
