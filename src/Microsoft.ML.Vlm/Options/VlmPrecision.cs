namespace Microsoft.ML.Vlm;

/// <summary>Number format of the base model's weights and activations. Adapters and the optimizer always use float32.</summary>
public enum VlmPrecision
{
    /// <summary>32-bit floats (<c>fp32</c>).</summary>
    Float32,

    /// <summary>16-bit brain floats (<c>bf16</c>): half the memory, about three decimal digits.</summary>
    BFloat16,
}
