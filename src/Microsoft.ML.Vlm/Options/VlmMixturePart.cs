namespace Microsoft.ML.Vlm;

/// <summary>Data that goes into a mixture, and how much of it.</summary>
/// <param name="Data">The data; its rows may not change between two readings.</param>
public sealed record VlmMixturePart(IDataView Data)
{
    /// <summary>
    /// How often each row comes in one pass over the mixture: 0.25 for a random quarter of the rows, 1 for all, 2.5 for all twice and a random half once more. Above 0. Null, the default,
    /// is 1. Not together with <see cref="Weight"/>.
    /// </summary>
    public double? Fraction { get; init; }

    /// <summary>
    /// The part's share of the mixture (<c>interleave_datasets</c>' probabilities), relative to the weights of the others; above 0, for all parts or none. The mixture is as long as it can be
    /// without a row coming twice. Null, the default, for none.
    /// </summary>
    public double? Weight { get; init; }
}
