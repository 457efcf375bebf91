using Microsoft.ML.Vlm.Torch;
using Microsoft.ML.Vlm.Torch.Cuda;
using Microsoft.ML.Vlm.Torch.Kernels;
using static TorchSharp.torch;

namespace Microsoft.ML.Vlm.Quantization;

/// <summary>A weight in NF4 or FP4.</summary>
internal sealed class FourBitWeight : IQuantizedWeight
{
    private Tensor _codes;
    private Tensor? _scales;
    private readonly NestedScales? _nested;
    private readonly DequantizationBuffer _buffer;

    /// <summary>Takes codes and scales over.</summary>
    /// <param name="codes">uint8, <c>(count + 1) / 2</c> of them in any shape.</param>
    /// <param name="scales">Float32 <c>[blocks]</c>; null when they are quantized.</param>
    /// <param name="nested">The scales when they are quantized.</param>
    /// <param name="code">NF4 or FP4.</param>
    /// <param name="blockSize">Numbers that share a scale.</param>
    /// <param name="shape"><c>[out, in]</c>.</param>
    /// <param name="computeType">float32 or bfloat16.</param>
    /// <param name="buffer">The model's; it stays the caller's.</param>
    public FourBitWeight(
        Tensor codes, Tensor? scales, NestedScales? nested, FourBitCode code, int blockSize, IReadOnlyList<long> shape, ScalarType computeType, DequantizationBuffer buffer)
    {
        _codes = codes.DetachFromDisposeScope();
        _scales = scales?.DetachFromDisposeScope();
        _nested = nested;
        Code = code;
        BlockSize = blockSize;
        Shape = shape;
        ComputeType = computeType;
        _buffer = buffer;
    }

    /// <summary>NF4 or FP4.</summary>
    public FourBitCode Code { get; }

    /// <summary>Numbers that share a scale.</summary>
    public int BlockSize { get; }

    /// <summary>Whether the scales are quantized too.</summary>
    public bool IsDoublyQuantized => _nested is not null;

    /// <inheritdoc/>
    public IReadOnlyList<long> Shape { get; }

    /// <inheritdoc/>
    public Device Device => _codes.device;

    /// <inheritdoc/>
    public ScalarType ComputeType { get; }

    /// <inheritdoc/>
    public long ByteCount => _codes.numel() + (_nested is null ? 4 * _scales!.numel() : _nested.Codes.numel() + (4 * _nested.Scales.numel()));

    /// <summary>Quantizes a matrix.</summary>
    /// <param name="values"><c>[out, in]</c>, any type.</param>
    /// <param name="code">NF4 or FP4.</param>
    /// <param name="blockSize">Numbers that share a scale.</param>
    /// <param name="doubleQuantization">Whether the scales are quantized too.</param>
    /// <param name="computeType">float32 or bfloat16.</param>
    /// <param name="buffer">The model's; it stays the caller's.</param>
    public static FourBitWeight Quantize(Tensor values, FourBitCode code, int blockSize, bool doubleQuantization, ScalarType computeType, DequantizationBuffer buffer)
    {
        using var scope = NewDisposeScope();
        (Tensor codes, Tensor scales) = FourBitCodec.Quantize(values, code, blockSize);
        return new FourBitWeight(
            codes, doubleQuantization ? null : scales, doubleQuantization ? NestedScales.Quantize(scales) : null, code, blockSize, values.shape, computeType, buffer);
    }

    /// <inheritdoc/>
    public void MoveTo(Device device)
    {
        using var scope = NewDisposeScope();
        (Tensor codes, Tensor? scales) = (_codes, _scales);
        (_codes, _scales) = (codes.to(device).contiguous().DetachFromDisposeScope(), scales?.to(device).DetachFromDisposeScope());
        codes.Dispose();
        scales?.Dispose();
        _nested?.MoveTo(device);
    }

    /// <inheritdoc/>
    public Tensor Dequantize(ScalarType type)
    {
        using Tensor? read = _nested?.Read();
        return FourBitCodec.Dequantize(_codes, read ?? _scales!, Code, BlockSize, [.. Shape], type);
    }

    /// <inheritdoc/>
    public void DequantizeInto(Tensor result)
    {
        if (FourBitCudaKernel.For(_codes)?.Dequantize(result, _codes, ScalesOnGpu, Code.Values, BlockSize) == true)
        {
            return;
        }
        using Tensor? read = _nested?.Read();
        FourBitCodec.DequantizeInto(result, _codes, read ?? _scales!, Code, BlockSize);
    }

    /// <inheritdoc/>
    public IQuantizedWeight QuantizeLike(Tensor values) => Quantize(values, Code, BlockSize, IsDoublyQuantized, ComputeType, _buffer);

    /// <inheritdoc/>
    public Tensor Product(Tensor input, Tensor? bias = null) => ProductOnGpu(input) is { } product
        ? (bias is null ? product : product.add_(bias))
        : _buffer.Use(this, input.dtype, weight => LinearProduct.Apply(input, weight, bias));

    /// <inheritdoc/>
    public unsafe VectorProduct? OpenProduct(KernelBody? body = null)
    {
        if (_codes.device_type != TorchSharp.DeviceType.CPU || Shape[1] > MatrixVectorKernel.MostColumns)
        {
            return null;
        }

        // Half a bit a weight for the time of an answer: read with every token they would take a sixth of its time.
        Tensor? own = _nested?.Read().DetachFromDisposeScope();
        MatrixRows matrix = new()
        {
            Codes = Aten.Address<byte>(_codes),
            Count = Shape[0],
            Width = Shape[1],
            Bits = 4,
            Table = Code.PinnedValues,
            BlockSize = BlockSize,
            Scales = Aten.Address<float>(own ?? _scales!),
        };
        return VectorProduct.OverFourBit(matrix, own, body ?? KernelBodies.Best);
    }

    /// <inheritdoc/>
    public Tensor Back(Tensor gradient) => _buffer.Use(this, gradient.dtype, weight => LinearProduct.Apply(gradient, weight.t(), null));

    /// <inheritdoc/>
    public IEnumerable<KeyValuePair<string, Tensor>> ToTensors(string name) => BitsAndBytesLayout.Write(name, this, _codes, _scales, _nested);

    /// <summary>Frees codes and scales.</summary>
    public void Dispose()
    {
        _codes.Dispose();
        _scales?.Dispose();
        _nested?.Dispose();
    }

    private FourBitScales ScalesOnGpu => _nested is null ? new FourBitScales(_scales!) : new FourBitScales(null, _nested.Codes, _nested.Scales, _nested.Map, _nested.Offset);

    // A few rows, as in decoding, are bound by reading the weight: its codes are an eighth of float32.
    private Tensor? ProductOnGpu(Tensor input)
    {
        if (FourBitCudaKernel.For(_codes) is not { } kernel || input.numel() > FourBitCudaKernel.MostRows * input.size(-1))
        {
            return null;
        }
        using var scope = NewDisposeScope();
        Tensor? rows = kernel.Multiply(input.reshape(-1, input.size(-1)).contiguous(), _codes, ScalesOnGpu, Code.Values, BlockSize, Shape[0]);
        return rows?.view([.. input.shape[..^1], Shape[0]]).MoveToOuterDisposeScope();
    }
}
