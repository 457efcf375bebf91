using static TorchSharp.torch;

namespace Microsoft.ML.Vlm.Torch.Cuda;

/// <summary>Scales of 4-bit codes on a GPU, plain or quantized.</summary>
/// <param name="Plain">Float32 <c>[blocks]</c>; null when they are quantized.</param>
/// <param name="Codes">uint8 <c>[blocks]</c>; null when they are plain.</param>
/// <param name="Nested">Float32, a scale for every 256 scales.</param>
/// <param name="Map">The 256 values of the codes, float32.</param>
/// <param name="Offset">Mean of the scales.</param>
internal readonly record struct FourBitScales(Tensor? Plain, Tensor? Codes, Tensor? Nested, Tensor? Map, float Offset)
{
    /// <summary>Scales that are not quantized.</summary>
    public FourBitScales(Tensor plain)
        : this(plain, null, null, null, 0)
    {
    }
}
