namespace Microsoft.ML.Vlm;

/// <summary>A mean difference with the interval that chance alone would leave it in.</summary>
/// <param name="Difference">Mean over the rows.</param>
/// <param name="Low">Lower end of the interval.</param>
/// <param name="High">Upper end of the interval.</param>
public sealed record VlmInterval(double Difference, double Low, double High)
{
    /// <summary>Whether the interval leaves out 0: more than chance would explain.</summary>
    public bool IsSignificant => Low > 0 || High < 0;

    /// <summary>In points of a hundred, such as <c>+12.5 (+9.1 to +15.9)</c>.</summary>
    public override string ToString() => FormattableString.Invariant($"{100 * Difference:+0.0;-0.0;0.0} ({100 * Low:+0.0;-0.0;0.0} to {100 * High:+0.0;-0.0;0.0})");
}
