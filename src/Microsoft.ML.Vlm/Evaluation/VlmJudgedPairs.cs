namespace Microsoft.ML.Vlm;

/// <summary>What a judge says of two models on the same rows.</summary>
/// <param name="Pairs">Every row.</param>
/// <param name="WinRate">Part of the rows, 0 to 1, on which the second answer is better, ties counted as half: above one half the second model is the better one.</param>
public sealed record VlmJudgedPairs(IReadOnlyList<VlmJudgedPair> Pairs, VlmScore WinRate)
{
    /// <summary>Rows on which the second answer is better.</summary>
    public int Wins => Pairs.Count(pair => pair.Verdict == VlmVerdict.Second);

    /// <summary>Rows on which the first answer is better.</summary>
    public int Losses => Pairs.Count(pair => pair.Verdict == VlmVerdict.First);

    /// <summary>Rows on which neither is.</summary>
    public int Ties => Pairs.Count(pair => pair.Verdict == VlmVerdict.Tie);

    /// <summary>Rows on which the place of the answers decided, which count as ties. A judge with many of them is not to be trusted.</summary>
    public int Inconsistent => Pairs.Count(pair => !pair.IsConsistent);

    /// <summary>Such as <c>second better on 60, first on 30, 10 ties (4 by place alone): 65.0 % (58.0 to 71.5)</c>.</summary>
    public override string ToString() => FormattableString.Invariant(
        $"second better on {Wins}, first on {Losses}, {Ties} ties ({Inconsistent} by place alone): {100 * WinRate.Mean:0.0} % ({100 * WinRate.Low:0.0} to {100 * WinRate.High:0.0})");
}
