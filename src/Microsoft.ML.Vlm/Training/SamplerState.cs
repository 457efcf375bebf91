namespace Microsoft.ML.Vlm.Training;

/// <summary>Where a run stands in its data: what a checkpoint keeps so that the rest of the run reads the same rows in the same order.</summary>
/// <param name="Epoch">Passes over the data that are done.</param>
/// <param name="Rows">Rows of the next pass that have been trained on.</param>
/// <param name="Batches">Micro-batches of that pass that have been trained on.</param>
/// <param name="Order">What the order follows from.</param>
internal sealed record SamplerState(int Epoch, long Rows, long Batches, SampleOrderState Order);
