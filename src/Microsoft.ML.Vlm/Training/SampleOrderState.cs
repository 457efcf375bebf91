namespace Microsoft.ML.Vlm.Training;

/// <summary>What the order of rows follows from besides seed, epoch and number of rows.</summary>
/// <param name="PoolRows">Rows that are held at once and drawn from; the number of rows when all of them are.</param>
internal sealed record SampleOrderState(long PoolRows);
