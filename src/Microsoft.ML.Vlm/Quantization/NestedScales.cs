using Microsoft.ML.Vlm.Torch;
using static TorchSharp.torch;

namespace Microsoft.ML.Vlm.Quantization;

/// <summary>
/// Scales that are quantized themselves (double quantization; Dettmers et al. 2023, section 3): less their mean, 8 bits each by the dynamic map, and a float32 scale for
/// every 256 of them. 0.127 bits a weight instead of 0.5.
/// </summary>
/// <param name="codes">uint8 <c>[blocks]</c>; taken over.</param>
/// <param name="scales">Float32 <c>[blocks / 256]</c>, rounded up; taken over.</param>
/// <param name="offset">Mean of the scales.</param>
internal sealed class NestedScales(Tensor codes, Tensor scales, float offset) : IDisposable
{
    /// <summary>Scales that share a scale.</summary>
    public const int BlockSize = BlockwiseQuantization.BlockSize;

    // As the reference does: never 0, although all codes of such a block are those of 0.
    private const float SmallestScale = 1e-38f;

    private Tensor? _map;

    /// <summary>uint8 <c>[blocks]</c>.</summary>
    public Tensor Codes { get; private set; } = codes.DetachFromDisposeScope();

    /// <summary>Float32 <c>[blocks / 256]</c>, rounded up.</summary>
    public Tensor Scales { get; private set; } = scales.DetachFromDisposeScope();

    /// <summary>Mean of the scales.</summary>
    public float Offset { get; } = offset;

    /// <summary>Quantizes scales.</summary>
    /// <param name="scales">Float32 <c>[blocks]</c>.</param>
    public static NestedScales Quantize(Tensor scales)
    {
        using var scope = NewDisposeScope();
        using var frozen = no_grad();
        Tensor mean = scales.mean();
        (Tensor codes, Tensor nested) = BlockwiseQuantization.Quantize(scales - mean, DynamicMap8.Signed);
        return new NestedScales(codes, nested.clamp_min(SmallestScale), mean.item<float>());
    }

    /// <summary>The 256 values that codes stand for, float32 on their device: kernels of a GPU read them there.</summary>
    public Tensor Map => _map ??= tensor(DynamicMap8.Signed.Values.ToArray(), device: Codes.device).DetachFromDisposeScope();

    /// <summary>Moves codes and scales.</summary>
    public void MoveTo(Device device)
    {
        using var scope = NewDisposeScope();
        (Tensor codes, Tensor scales) = (Codes, Scales);
        (Codes, Scales) = (codes.to(device).DetachFromDisposeScope(), scales.to(device).DetachFromDisposeScope());
        codes.Dispose();
        scales.Dispose();
        _map?.Dispose();
        _map = null;
    }

    /// <summary>The scales, float32 <c>[blocks]</c>, in the caller's scope.</summary>
    public Tensor Read()
    {
        using var scope = NewDisposeScope();
        using var frozen = no_grad();
        if (Codes.device_type != TorchSharp.DeviceType.CPU)
        {
            return BlockwiseQuantization.Dequantize(Codes, Scales, DynamicMap8.Signed).add_(Offset).MoveToOuterDisposeScope();
        }

        // One of 64 of the numbers that are about to be made: in torch operations it would take longer than those.
        Tensor result = empty(Codes.shape, dtype: ScalarType.Float32);
        ReadOnlySpan<byte> from = Aten.Elements<byte>(Codes);
        ReadOnlySpan<float> nested = Aten.Elements<float>(Scales), values = DynamicMap8.Signed.Values;
        Span<float> to = Aten.Elements<float>(result);
        for (int index = 0; index < from.Length; index++)
        {
            to[index] = (values[from[index]] * nested[index / BlockSize]) + Offset;
        }
        return result.MoveToOuterDisposeScope();
    }

    /// <summary>Frees the tensors.</summary>
    public void Dispose()
    {
        Codes.Dispose();
        Scales.Dispose();
        _map?.Dispose();
    }
}
