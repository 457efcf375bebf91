using static TorchSharp.torch;

namespace Microsoft.ML.Vlm.Training;

/// <summary>A tensor that an optimizer updates.</summary>
/// <param name="Name">Name in the checkpoint or adapter file.</param>
/// <param name="Value">A leaf of the autograd graph; bfloat16 for adapters by choice, else float32.</param>
internal readonly record struct TrainableParameter(string Name, Tensor Value)
{
    /// <summary>What the learning rate is multiplied by for this parameter, such as LoRA+'s ratio or the rate of the vision part. At least 0; default 1.</summary>
    public double LearningRateScale { get; init; } = 1;

    /// <summary>
    /// Whether weight decay applies: neither to biases nor to norms. Told by the name, as transformers does, and true for every adapter matrix.
    /// </summary>
    public bool Decays
    {
        get
        {
            string[] parts = Name.Split('.');
            return parts[^1] != "bias" && !parts.Any(part => part.Contains("norm", StringComparison.OrdinalIgnoreCase));
        }
    }
}
