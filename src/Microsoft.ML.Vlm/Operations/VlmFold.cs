namespace Microsoft.ML.Vlm;

/// <summary>One part of a cross-validation.</summary>
/// <param name="Index">Number of the fold, counted from 0.</param>
/// <param name="Model">Trained on the other folds. Dispose it (<see cref="IDisposable"/>) when it is not needed any more.</param>
/// <param name="Metrics">How it did on this fold.</param>
public sealed record VlmFold(int Index, ITransformer Model, VlmMetrics Metrics);
