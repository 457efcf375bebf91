using Microsoft.ML.Vlm.Torch;
using static TorchSharp.torch;

namespace Microsoft.ML.Vlm.Training;

/// <summary>A running mean in 8 bits an element and 4 bytes for every 256 of them. Starts at 0.</summary>
internal sealed class QuantizedMoment : IDisposable
{
    private readonly DynamicMap8 _map;

    /// <summary>Allocates the state of a parameter.</summary>
    public QuantizedMoment(Tensor parameter, DynamicMap8 map)
    {
        _map = map;
        Codes = zeros(parameter.shape, dtype: ScalarType.Byte, device: parameter.device).DetachFromDisposeScope();
        Scales = zeros(BlockwiseQuantization.Blocks(parameter.numel()), dtype: ScalarType.Float32, device: parameter.device).DetachFromDisposeScope();
    }

    /// <summary>uint8, in the shape of the parameter.</summary>
    public Tensor Codes { get; }

    /// <summary>Greatest magnitude of each block, float32 <c>[blocks]</c>.</summary>
    public Tensor Scales { get; }

    /// <summary>The moment in float32.</summary>
    public Tensor Read() => BlockwiseQuantization.Dequantize(Codes, Scales, _map);

    /// <summary>Keeps a moment.</summary>
    public void Write(Tensor moment)
    {
        using var scope = NewDisposeScope();
        (Tensor codes, Tensor scales) = BlockwiseQuantization.Quantize(moment, _map);
        Codes.copy_(codes);
        Scales.copy_(scales);
    }

    /// <summary>Frees the state.</summary>
    public void Dispose()
    {
        Codes.Dispose();
        Scales.Dispose();
    }
}
