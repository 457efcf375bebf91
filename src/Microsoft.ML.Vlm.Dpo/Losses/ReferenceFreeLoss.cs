using static TorchSharp.torch;
using static TorchSharp.torch.nn.functional;

namespace Microsoft.ML.Vlm.Dpo;

/// <summary>Preference losses without a reference, as pure functions. All tensors are <c>[pairs]</c>; each gives one loss a pair.</summary>
internal static class ReferenceFreeLoss
{
    /// <summary>
    /// <c>-(1-ε) log σ(z) - ε log σ(-z)</c> with z = β (c - r) - γ, where c and r are mean log-probabilities a token (Meng et al. 2024, equation 6, with TRL's label smoothing).
    /// </summary>
    public static Tensor SimPo(Tensor chosenMeans, Tensor rejectedMeans, double beta, double gamma, double epsilon)
        => Smoothed(((chosenMeans - rejectedMeans) * beta) - gamma, epsilon);

    /// <summary>
    /// <c>-(1-ε) log σ(z) - ε log σ(-z)</c> with z = β (c - r), where c and r are summed log-probabilities: the preference part of CPO (Xu et al. 2024, equation 5); its other part is
    /// the supervised loss of the chosen answers.
    /// </summary>
    public static Tensor Cpo(Tensor chosenSums, Tensor rejectedSums, double beta, double epsilon) => Smoothed((chosenSums - rejectedSums) * beta, epsilon);

    /// <summary>
    /// <c>-β log σ(log odds(chosen) - log odds(rejected))</c> with odds = p / (1-p) of the geometric mean probability p a token: the odds ratio part of ORPO
    /// (Hong et al. 2024, equation 7); its other part is the supervised loss of the chosen answers.
    /// </summary>
    /// <param name="chosenMeans">Mean log-probabilities a token, below 0.</param>
    /// <param name="rejectedMeans">The same of the rejected answers.</param>
    /// <param name="beta">Weight of this part (λ in the paper).</param>
    public static Tensor Orpo(Tensor chosenMeans, Tensor rejectedMeans, double beta)
        => -logsigmoid(LogOdds(chosenMeans) - LogOdds(rejectedMeans)) * beta;

    private static Tensor LogOdds(Tensor logProbabilities)
        // log(1 - e^x) by expm1, which keeps its digits where the probability is nearly 1.
        => logProbabilities - (-logProbabilities.expm1()).clamp_min(float.Epsilon).log();

    private static Tensor Smoothed(Tensor z, double epsilon) => -(logsigmoid(z) * (1 - epsilon)) - (logsigmoid(-z) * epsilon);
}
