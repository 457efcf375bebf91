using Microsoft.ML.Vlm.Torch;
using static TorchSharp.torch;

namespace Microsoft.ML.Vlm.Quantization;

/// <summary>
/// A matrix of 16-bit floating-point numbers in a float32 model. float32 holds each of them exactly: products are those of a float32 copy, in half of its memory.
/// The largest matrices, which are output heads, are widened in parts.
/// </summary>
/// <param name="stored"><c>[out, in]</c>, contiguous; taken over. It may lie over a mapped file.</param>
/// <param name="buffer">The model's; it stays the caller's.</param>
/// <param name="release">Called when the matrix is not going to be read any more; null for nothing.</param>
internal sealed class SixteenBitWeight(Tensor stored, DequantizationBuffer buffer, Action? release = null) : ICompactWeight
{
    // Of a matrix up to 64 MiB of float32 all at once; of a larger one about 16 MiB at a time, in whole blocks of the libraries' kernels.
    private const long LargestWhole = 1 << 24;
    private const long PartElements = 1 << 22;
    private const long PartMultiple = 64;

    /// <inheritdoc/>
    public Tensor Stored { get; } = stored.DetachFromDisposeScope();

    /// <inheritdoc/>
    public IReadOnlyList<long> Shape { get; } = stored.shape;

    /// <inheritdoc/>
    public Device Device => Stored.device;

    /// <inheritdoc/>
    public ScalarType ComputeType => ScalarType.Float32;

    /// <inheritdoc/>
    public long ByteCount => Stored.numel() * Stored.ElementSize;

    /// <inheritdoc/>
    public Tensor Product(Tensor input, Tensor? bias = null)
        => InParts(input, dimension: 0, (rows, weight, first, count) => LinearProduct.Apply(rows, weight, bias?.narrow(0, first, count)));

    // Parts are columns of the weight: each number of the result is one whole sum, as without parts.
    /// <inheritdoc/>
    public Tensor Back(Tensor gradient) => InParts(gradient, dimension: 1, (rows, weight, _, _) => LinearProduct.Apply(rows, weight.t(), null));

    /// <summary>Frees the matrix.</summary>
    public void Dispose()
    {
        Stored.Dispose();
        release?.Invoke();
    }

    private Tensor InParts(Tensor input, int dimension, Func<Tensor, Tensor, long, long, Tensor> multiply)
    {
        long size = Shape[dimension], other = Shape[1 - dimension], most = Math.Max(PartMultiple, PartElements / other / PartMultiple * PartMultiple);
        if (size * other <= LargestWhole)
        {
            return Widened(dimension, 0, size, weight => multiply(input, weight, 0, size));
        }
        using var scope = NewDisposeScope();
        using var frozen = no_grad();
        Tensor rows = input.reshape(-1, input.size(-1)), result = empty([rows.size(0), size], ScalarType.Float32, Device);
        for (long first = 0; first < size; first += most)
        {
            long count = Math.Min(most, size - first);
            using Tensor part = Widened(dimension, first, count, weight => multiply(rows, weight, first, count)), place = result.narrow(1, first, count);
            place.copy_(part);
        }
        return (input.dim() == 2 ? result : result.view([.. input.shape[..^1], size])).MoveToOuterDisposeScope();
    }

    private Tensor Widened(int dimension, long first, long count, Func<Tensor, Tensor> use)
        => buffer.Use(dimension == 0 ? [count, Shape[1]] : [Shape[0], count], ScalarType.Float32, Device, weight =>
        {
            using Tensor part = Stored.narrow(dimension, first, count);
            Widening.Into(weight, part);
            return use(weight);
        });
}
