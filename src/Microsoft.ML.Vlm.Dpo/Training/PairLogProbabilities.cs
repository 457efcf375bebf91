using static TorchSharp.torch;

namespace Microsoft.ML.Vlm.Dpo;

/// <summary>Log-probabilities of the answers of a batch of pairs, all float32 <c>[pairs]</c>.</summary>
/// <param name="PolicyChosen">Of the chosen answers under the policy, summed over their tokens.</param>
/// <param name="PolicyRejected">Of the rejected answers under the policy.</param>
/// <param name="ReferenceChosen">Of the chosen answers under the reference.</param>
/// <param name="ReferenceRejected">Of the rejected answers under the reference.</param>
/// <param name="ChosenLengths">Tokens of the chosen answers.</param>
/// <param name="RejectedLengths">Tokens of the rejected answers.</param>
internal sealed record PairLogProbabilities(
    Tensor PolicyChosen, Tensor PolicyRejected, Tensor ReferenceChosen, Tensor ReferenceRejected, Tensor ChosenLengths, Tensor RejectedLengths)
{
    /// <summary>log π(chosen) / π_ref(chosen).</summary>
    public Tensor ChosenRatios => PolicyChosen - ReferenceChosen;

    /// <summary>log π(rejected) / π_ref(rejected).</summary>
    public Tensor RejectedRatios => PolicyRejected - ReferenceRejected;
}
