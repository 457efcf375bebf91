namespace Microsoft.ML.Vlm;

public abstract partial class VlmTrainingOptions
{
    /// <summary>
    /// Parts of the model whose own weights train. Null, the default: none beside an adapter, all without (<see cref="Lora"/> null). Beside an adapter, vision and
    /// connector may train whole; they are saved with it (<c>modules_to_save</c>).
    /// </summary>
    public VlmParts? TrainedParts { get; set; }

    /// <summary>Highest learning rate of what trains in the vision tower, adapters included. Above 0; null, the default, is <see cref="LearningRate"/>.</summary>
    public double? VisionLearningRate { get; set; }

    /// <summary>Highest learning rate of what trains in the connector, adapters included. Above 0; null, the default, is <see cref="LearningRate"/>.</summary>
    public double? ConnectorLearningRate { get; set; }

    /// <summary>
    /// Folder of an adapter, or the id of one on the hub (<c>org/name</c>, <c>org/name@revision</c>), in PEFT's format to train on; null, the default, begins a new one. Its own configuration counts instead of <see cref="Lora"/>, of which
    /// only <see cref="LoraOptions.LearningRateRatio"/> is used.
    /// </summary>
    public string? AdapterPath { get; set; }

    private void ValidateParts()
    {
        Above(VisionLearningRate ?? 1, 0, nameof(VisionLearningRate));
        Above(ConnectorLearningRate ?? 1, 0, nameof(ConnectorLearningRate));
        if (TrainedParts is { } parts && (parts & ~VlmParts.All) != 0)
        {
            throw new ArgumentOutOfRangeException(nameof(TrainedParts), parts, "Not parts of a model.");
        }
        if (Lora is null && TrainedParts == VlmParts.None)
        {
            throw new ArgumentException("Without an adapter (Lora null) and with TrainedParts = None nothing would train.", nameof(TrainedParts));
        }
        if (Lora is not null && TrainedParts?.HasFlag(VlmParts.Language) == true)
        {
            throw new ArgumentException("TrainedParts: the language model trains whole without an adapter; set Lora to null, or name single modules in Lora.ModulesToSave.", nameof(TrainedParts));
        }
        if (AdapterPath is not null && (Lora is null || TrainedParts is not (null or VlmParts.None)))
        {
            throw new ArgumentException("AdapterPath goes on with an adapter as it is: leave Lora and TrainedParts at their defaults.", nameof(AdapterPath));
        }
    }
}
