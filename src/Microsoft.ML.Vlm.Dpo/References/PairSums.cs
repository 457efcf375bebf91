namespace Microsoft.ML.Vlm.Dpo;

/// <summary>Log-probabilities of the answers of a pair under the reference, summed over their tokens.</summary>
/// <param name="Chosen">Of the chosen answer.</param>
/// <param name="Rejected">Of the rejected answer.</param>
/// <param name="Packing">Names the pairs of the batch that it was computed in, in order: in another one the last bits may differ.</param>
internal readonly record struct PairSums(float Chosen, float Rejected, UInt128 Packing);
