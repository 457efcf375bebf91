using static TorchSharp.torch;

namespace Microsoft.ML.Vlm.Dpo;

/// <summary>Preference losses as pure functions of log-probabilities.</summary>
internal static class DpoLoss
{
    /// <summary>
    /// The loss of direct preference optimization: <c>-log sigmoid(beta * ((policyChosen - referenceChosen) - (policyRejected - referenceRejected)))</c>
    /// (Rafailov et al. 2023, equation 7).
    /// </summary>
    /// <param name="policyChosen">Summed log-probabilities of the chosen answers under the policy, <c>[pairs]</c>.</param>
    /// <param name="policyRejected">The same for the rejected answers.</param>
    /// <param name="referenceChosen">Chosen answers under the reference.</param>
    /// <param name="referenceRejected">Rejected answers under the reference.</param>
    /// <param name="beta">Strength of the pull to the reference; above 0.</param>
    /// <returns>One loss a pair, <c>[pairs]</c>.</returns>
    public static Tensor Sigmoid(Tensor policyChosen, Tensor policyRejected, Tensor referenceChosen, Tensor referenceRejected, double beta)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(beta);
        Tensor margin = policyChosen - referenceChosen - (policyRejected - referenceRejected);
        return -nn.functional.logsigmoid(margin * beta);
    }
}
