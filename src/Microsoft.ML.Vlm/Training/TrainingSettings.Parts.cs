namespace Microsoft.ML.Vlm.Training;

internal sealed partial record TrainingSettings
{
    /// <summary>Highest learning rate in the vision tower; null, the default, is <see cref="LearningRate"/>.</summary>
    public double? VisionLearningRate { get; init; }

    /// <summary>Highest learning rate in the connector; null, the default, is <see cref="LearningRate"/>.</summary>
    public double? ConnectorLearningRate { get; init; }

    /// <summary>How much faster B, magnitudes and biases of an adapter learn (<c>loraplus_lr_ratio</c>). At least 1; default 1.</summary>
    public double LearningRateRatio { get; init; } = 1;
}
