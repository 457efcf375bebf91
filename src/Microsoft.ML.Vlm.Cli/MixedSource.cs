namespace Microsoft.ML.Vlm.Cli;

/// <summary>A data set of those that are trained on, and how much of it there is to be.</summary>
/// <param name="Source">Where it comes from.</param>
/// <param name="Fraction">How often each row comes in a pass, or null.</param>
/// <param name="Weight">Its share of the mixture, or null.</param>
internal sealed record MixedSource(DataSource Source, double? Fraction = null, double? Weight = null);
