namespace Microsoft.ML.Vlm.Training;

/// <summary>What a finished run did.</summary>
/// <param name="Steps">Optimizer steps.</param>
/// <param name="MeanLoss">Mean of the loss over all steps (<c>train_loss</c>).</param>
/// <param name="TokenCount">Tokens read, image places included.</param>
/// <param name="RowsWithoutTargets">Rows read that had no token to train on (each pass counts).</param>
/// <param name="ElapsedSeconds">Duration (<c>train_runtime</c>).</param>
/// <param name="WaitSeconds">Seconds of it that steps waited for their rows.</param>
internal sealed record TrainingSummary(int Steps, double MeanLoss, long TokenCount, long RowsWithoutTargets, double ElapsedSeconds, double WaitSeconds);
