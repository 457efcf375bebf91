namespace Microsoft.ML.Vlm;

/// <summary>A mean over rows with the interval that it could lie in by the choice of the rows.</summary>
/// <param name="Mean">The mean.</param>
/// <param name="Low">Lower end of the bootstrap interval.</param>
/// <param name="High">Upper end of the bootstrap interval.</param>
/// <param name="Count">Number of rows.</param>
public sealed record VlmScore(double Mean, double Low, double High, int Count);
