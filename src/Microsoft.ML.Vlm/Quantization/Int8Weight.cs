using Microsoft.ML.Vlm.Torch;
using Microsoft.ML.Vlm.Torch.Kernels;
using static TorchSharp.torch;

namespace Microsoft.ML.Vlm.Quantization;

/// <summary>A weight as 8-bit integers with a scale for every row.</summary>
/// <param name="codes">int8 <c>[out, in]</c>; taken over.</param>
/// <param name="scales">Float32 <c>[out]</c>; taken over.</param>
/// <param name="outlierThreshold">Magnitude from which activations are not rounded to 8 bits; null rounds none.</param>
/// <param name="computeType">float32 or bfloat16.</param>
/// <param name="buffer">The model's; it stays the caller's.</param>
internal sealed class Int8Weight(Tensor codes, Tensor scales, double? outlierThreshold, ScalarType computeType, DequantizationBuffer buffer) : IQuantizedWeight
{
    private Tensor _codes = codes.DetachFromDisposeScope();
    private Tensor _scales = scales.DetachFromDisposeScope();

    /// <inheritdoc/>
    public IReadOnlyList<long> Shape { get; } = codes.shape;

    /// <inheritdoc/>
    public Device Device => _codes.device;

    /// <inheritdoc/>
    public ScalarType ComputeType { get; } = computeType;

    /// <inheritdoc/>
    public long ByteCount => _codes.numel() + (4 * _scales.numel());

    /// <summary>Quantizes a matrix.</summary>
    /// <param name="values"><c>[out, in]</c>, any type.</param>
    /// <param name="outlierThreshold">Magnitude from which activations are not rounded to 8 bits; null rounds none.</param>
    /// <param name="computeType">float32 or bfloat16.</param>
    /// <param name="buffer">The model's; it stays the caller's.</param>
    public static Int8Weight Quantize(Tensor values, double? outlierThreshold, ScalarType computeType, DequantizationBuffer buffer)
    {
        using var scope = NewDisposeScope();
        (Tensor codes, Tensor scales) = Int8Codec.Quantize(values);
        return new Int8Weight(codes, scales, outlierThreshold, computeType, buffer);
    }

    /// <inheritdoc/>
    public void MoveTo(Device device)
    {
        using var scope = NewDisposeScope();
        (Tensor codes, Tensor scales) = (_codes, _scales);
        (_codes, _scales) = (codes.to(device).DetachFromDisposeScope(), scales.to(device).DetachFromDisposeScope());
        codes.Dispose();
        scales.Dispose();
    }

    /// <inheritdoc/>
    public Tensor Dequantize(ScalarType type) => Int8Codec.Dequantize(_codes, _scales, type);

    /// <inheritdoc/>
    public void DequantizeInto(Tensor result) => Int8Codec.DequantizeInto(result, _codes, _scales);

    /// <summary>Magnitude from which activations are not rounded to 8 bits; null rounds none.</summary>
    public double? OutlierThreshold => outlierThreshold;

    /// <inheritdoc/>
    public IQuantizedWeight QuantizeLike(Tensor values) => Quantize(values, outlierThreshold, ComputeType, buffer);

    /// <inheritdoc/>
    public Tensor Product(Tensor input, Tensor? bias = null)
    {
        if (outlierThreshold is { } threshold)
        {
            using var scope = NewDisposeScope();
            Tensor rows = LlmInt8.Product(input.flatten(0, -2), _codes, _scales, threshold).to(input.dtype);
            rows = bias is null ? rows : rows.add_(bias);
            return (input.dim() == 2 ? rows : rows.view([.. input.shape[..^1], rows.size(1)])).MoveToOuterDisposeScope();
        }
        return buffer.Use(this, input.dtype, weight => LinearProduct.Apply(input, weight, bias));
    }

    /// <inheritdoc/>
    public unsafe VectorProduct? OpenProduct(KernelBody? body = null)
        => _codes.device_type != TorchSharp.DeviceType.CPU || !_codes.is_contiguous() || Shape[1] > MatrixVectorKernel.MostColumns
            ? null
            : new VectorProduct<Int8Format>(new MatrixRows
            {
                Codes = Aten.Address<byte>(_codes),
                Count = Shape[0],
                Width = Shape[1],
                Bits = 8,
                RowScales = Aten.Address<float>(_scales),
                ScaleDivisor = Int8Codec.Largest,
            })
            {
                OutlierThreshold = outlierThreshold,
            };

    /// <inheritdoc/>
    public Tensor Back(Tensor gradient) => buffer.Use(this, gradient.dtype, weight => LinearProduct.Apply(gradient, weight.t(), null));

    /// <inheritdoc/>
    public IEnumerable<KeyValuePair<string, Tensor>> ToTensors(string name) => BitsAndBytesLayout.Write(name, _codes, _scales);

    /// <summary>Frees codes and scales.</summary>
    public void Dispose()
    {
        _codes.Dispose();
        _scales.Dispose();
    }
}
