namespace Microsoft.ML.Vlm;

/// <summary>What one metric found in an evaluation.</summary>
/// <param name="Name">Its name, such as <c>relaxed_accuracy</c>.</param>
/// <param name="Score">Over all rows.</param>
/// <param name="Groups">Over the rows of each group, in the order of the groups' names; empty without groups.</param>
public sealed record VlmMetricResult(string Name, VlmScore Score, IReadOnlyDictionary<string, VlmScore> Groups)
{
    /// <summary>Whether scores go from 0 to 1, so that they are shown as parts of a hundred; not so CIDEr and metrics of your own.</summary>
    public bool IsPart { get; init; }

    /// <summary>Such as <c>relaxed_accuracy 93.1 % (91.4 to 94.6) of 1000 rows</c>.</summary>
    public override string ToString() => $"{Name} {Show(Score)} {(IsPart ? "of" : "on")} {Score.Count} rows";

    /// <summary>A score with its interval, such as <c>93.1 % (91.4 to 94.6)</c>.</summary>
    /// <param name="score">A score of this metric.</param>
    internal string Show(VlmScore score) => IsPart
        ? FormattableString.Invariant($"{100 * score.Mean:0.0} % ({100 * score.Low:0.0} to {100 * score.High:0.0})")
        : FormattableString.Invariant($"{score.Mean:0.000} ({score.Low:0.000} to {score.High:0.000})");
}
