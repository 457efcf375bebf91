namespace Microsoft.ML.Vlm.Training;

/// <summary>What the order of rows follows from besides the settings, the epoch and the number of rows.</summary>
/// <param name="PoolRows">Rows that are held at once and drawn from; the number of rows when all of them are.</param>
/// <param name="FirstRows">Rows that come first in the first epoch; null for none.</param>
/// <param name="Lengths">Tokens of every row, where the order or the batches follow from them; null elsewhere.</param>
internal sealed record SampleOrderState(long PoolRows, IReadOnlyList<int>? FirstRows = null, IReadOnlyList<int>? Lengths = null);
