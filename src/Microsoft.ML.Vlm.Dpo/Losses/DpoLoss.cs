using static TorchSharp.torch;
using static TorchSharp.torch.nn.functional;

namespace Microsoft.ML.Vlm.Dpo;

/// <summary>
/// Preference losses as pure functions. c and r are the scores of chosen and rejected answers (log-ratios of policy and reference, or what <see cref="DivergenceScore"/>
/// makes of them), β = beta, ε = label smoothing, σ the logistic function. All tensors are <c>[pairs]</c>; each gives one loss a pair.
/// </summary>
internal static class DpoLoss
{
    /// <summary><c>-log σ(β (c - r))</c> (Rafailov et al. 2023, equation 7).</summary>
    public static Tensor Sigmoid(Tensor c, Tensor r, double beta) => -logsigmoid((c - r) * beta);

    /// <summary><c>max(0, 1 - β (c - r))</c> (Zhao et al. 2023, SLiC; Liu et al. 2024, RSO).</summary>
    public static Tensor Hinge(Tensor c, Tensor r, double beta) => relu(1 - ((c - r) * beta));

    /// <summary><c>(c / |chosen| - r / |rejected| - 1 / (2β))²</c> (Azar et al. 2024, equation 17, with scores a token as its authors recommend).</summary>
    /// <param name="c">Scores of chosen answers.</param>
    /// <param name="r">Scores of rejected answers.</param>
    /// <param name="chosenLengths">Tokens of the chosen answers.</param>
    /// <param name="rejectedLengths">Tokens of the rejected answers.</param>
    /// <param name="beta">Regularization; the margin is drawn to 1 / (2β).</param>
    public static Tensor Ipo(Tensor c, Tensor r, Tensor chosenLengths, Tensor rejectedLengths, double beta)
        => ((c / chosenLengths) - (r / rejectedLengths) - (1 / (2 * beta))).square();

    /// <summary><c>-log σ(β (c / |chosen| - r / |rejected|))</c>: the sigmoid loss of scores a token.</summary>
    public static Tensor SigmoidNorm(Tensor c, Tensor r, Tensor chosenLengths, Tensor rejectedLengths, double beta)
        => -logsigmoid(((c / chosenLengths) - (r / rejectedLengths)) * beta);

    /// <summary>
    /// <c>σ(z) (log σ(z) - log(1-ε)) + σ(-z) (log σ(-z) - log ε)</c> with z = β (c - r): the KL of the model's preference to the smoothed one
    /// (Ji et al. 2024, equation 16). ε is above 0.
    /// </summary>
    public static Tensor ExoPair(Tensor c, Tensor r, double beta, double epsilon)
    {
        Tensor z = (c - r) * beta;
        return (z.sigmoid() * (logsigmoid(z) - Math.Log(1 - epsilon))) + ((-z).sigmoid() * (logsigmoid(-z) - Math.Log(epsilon)));
    }

    /// <summary><c>-log σ(βc) - log σ(-βc) / 2 - log σ(-βr) / 2</c> (Chen et al. 2024, noise contrastive alignment of pairs).</summary>
    public static Tensor NcaPair(Tensor c, Tensor r, double beta)
        => -logsigmoid(c * beta) - (logsigmoid(-c * beta) * 0.5) - (logsigmoid(-r * beta) * 0.5);

    /// <summary><c>(-(1-ε) log σ(z) + ε log σ(-z)) / (1-2ε)</c> with z = β (c - r) (Chowdhury et al. 2024, equation 14). ε is below 0.5.</summary>
    public static Tensor Robust(Tensor c, Tensor r, double beta, double epsilon)
    {
        Tensor z = (c - r) * beta;
        return ((logsigmoid(-z) * epsilon) - (logsigmoid(z) * (1 - epsilon))) / (1 - (2 * epsilon));
    }

    /// <summary><c>-log σ(βc) - log σ(-βr)</c> (Jung et al. 2024, with the reward shift at 0 as TRL's DPO has it).</summary>
    public static Tensor BcoPair(Tensor c, Tensor r, double beta) => -logsigmoid(c * beta) - logsigmoid(-r * beta);

    /// <summary><c>(c - 1/(2β))² + (r + 1/(2β))²</c> (Wu et al. 2024, with win rates of 1 and 0).</summary>
    public static Tensor SppoHard(Tensor c, Tensor r, double beta) => (c - (0.5 / beta)).square() + (r + (0.5 / beta)).square();

    /// <summary>
    /// <c>-(1-ε) log σ(βδ) - ε log σ(-βδ)</c>, where δ is the difference of two lists of log-ratios after each has been sorted over the batch: one
    /// distribution shall dominate the other (Melnyk et al. 2024). Paired: the policy's chosen - rejected over the reference's. Unpaired: the ratios of chosen over those
    /// of rejected answers.
    /// </summary>
    /// <param name="above">The list that shall lie above.</param>
    /// <param name="below">The list that shall lie below.</param>
    /// <param name="beta">Steepness.</param>
    /// <param name="epsilon">Label smoothing.</param>
    public static Tensor Aot(Tensor above, Tensor below, double beta, double epsilon)
    {
        Tensor z = (above.sort(0).Values - below.sort(0).Values) * beta;
        return -(logsigmoid(z) * (1 - epsilon)) - (logsigmoid(-z) * epsilon);
    }

    /// <summary><c>1 - σ(βu) + σ(βv)</c> with the log-ratios u and v of chosen and rejected (D'Oosterlinck et al. 2024, equation 7).</summary>
    public static Tensor ApoZero(Tensor chosenRatios, Tensor rejectedRatios, double beta)
        => 1 - (chosenRatios * beta).sigmoid() + (rejectedRatios * beta).sigmoid();

    /// <summary><c>σ(βu) + 1 - σ(β (c - r))</c> with the log-ratio u of chosen (D'Oosterlinck et al. 2024, equation 8).</summary>
    public static Tensor ApoDown(Tensor chosenRatios, Tensor c, Tensor r, double beta)
        => (chosenRatios * beta).sigmoid() + 1 - ((c - r) * beta).sigmoid();

    /// <summary><c>-(1-w) log σ(z) + w e^-z</c> with z = β (c - r) and w = σ(z/τ) (Lu et al. 2024, the log-ratio modulated loss).</summary>
    public static Tensor DiscoPop(Tensor c, Tensor r, double beta, double tau)
    {
        Tensor z = (c - r) * beta, modulation = (z / tau).sigmoid();
        return (-logsigmoid(z) * (1 - modulation)) + ((-z).exp() * modulation);
    }
}
