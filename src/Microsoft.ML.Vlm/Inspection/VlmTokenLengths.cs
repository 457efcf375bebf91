namespace Microsoft.ML.Vlm;

/// <summary>How many tokens rows have, those of images included.</summary>
/// <param name="Minimum">The shortest row.</param>
/// <param name="Median">Half of the rows are shorter.</param>
/// <param name="Maximum">The longest row.</param>
/// <param name="LongestRow">Row of the longest, counted from 0.</param>
public sealed record VlmTokenLengths(int Minimum, double Median, int Maximum, long LongestRow)
{
    /// <summary>Such as <c>85 to 1204 tokens a row, median 142</c>.</summary>
    public override string ToString() => FormattableString.Invariant($"{Minimum} to {Maximum} tokens a row (the longest is row {LongestRow}), median {Median:0.#}");
}
