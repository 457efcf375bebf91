using static TorchSharp.torch;

namespace Microsoft.ML.Vlm.Dpo;

/// <summary>
/// Before the first step the policy is its reference: every log-ratio is 0, every margin 0 and the sigmoid loss ln 2. Where that does not hold the reference is the wrong one, and a run
/// would learn from a difference that nobody asked for.
/// </summary>
internal static class StartGuard
{
    // Both pass through the same kernels in the same batch, so on the CPU equal models give equal bits, in bfloat16 too. Elsewhere sums have no fixed order: what remains for a token are
    // roundings of float32, or of bfloat16's 8 bits.
    private const double Float32Tolerance = 1e-3;
    private const double BFloat16Tolerance = 0.05;

    /// <summary>Throws when policy and reference differ.</summary>
    /// <param name="pairs">Log-probabilities of the first batch.</param>
    /// <param name="type">Type the models compute in.</param>
    /// <exception cref="InvalidOperationException">They differ; says by how much.</exception>
    public static void Check(PairLogProbabilities pairs, ScalarType type)
    {
        using var scope = NewDisposeScope();
        double chosen = (pairs.ChosenRatios / pairs.ChosenLengths).abs().mean().item<float>(), rejected = (pairs.RejectedRatios / pairs.RejectedLengths).abs().mean().item<float>();
        if (!(Math.Max(chosen, rejected) <= (type == ScalarType.Float32 ? Float32Tolerance : BFloat16Tolerance)))
        {
            throw new InvalidOperationException(
                $"Before the first step policy and reference give different log-probabilities: {chosen:G3} a token of the chosen answers, {rejected:G3} of the rejected ones. They should be the "
                + "same model then, with a loss of ln 2 and margins of 0. The reference is the wrong one: start from the model or adapter that the policy starts from, or name another one "
                + "on purpose with ReferenceModelPath.");
        }
    }
}
