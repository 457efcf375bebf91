namespace Microsoft.ML.Vlm;

/// <summary>Answers of preference data, and how long they are.</summary>
/// <param name="Preferred">Better answers: the chosen one of each pair, or those that are good ones.</param>
/// <param name="Rejected">Worse answers: the rejected one of each pair, or those that are bad ones.</param>
/// <param name="PreferredTokens">Tokens of the better answers.</param>
/// <param name="RejectedTokens">Tokens of the worse answers.</param>
public sealed record VlmAnswerCounts(long Preferred, long Rejected, long PreferredTokens, long RejectedTokens)
{
    /// <summary>Such as <c>1000 better answers of 35.2 tokens, 1000 worse ones of 20.1 tokens on average</c>.</summary>
    public override string ToString()
        => FormattableString.Invariant($"{Preferred} better answers of {Mean(PreferredTokens, Preferred):0.#} tokens, {Rejected} worse ones of {Mean(RejectedTokens, Rejected):0.#} tokens on average");

    private static double Mean(long tokens, long count) => count == 0 ? 0 : (double)tokens / count;
}
