using Microsoft.ML.Vlm.Torch;
using static TorchSharp.torch;

namespace Microsoft.ML.Vlm.Quantization;

/// <summary>
/// Memory into which the weights of a model, or parts of them, are expanded for a product, one after the other. It grows to the largest of them and stays: the first touch of
/// fresh memory costs many times what expanding does.
/// </summary>
internal sealed class DequantizationBuffer : IDisposable
{
    private readonly Lock _gate = new();
    private Tensor? _free;
    private bool _isDisposed;

    /// <summary>Dequantizes and computes.</summary>
    /// <param name="weight">Codes.</param>
    /// <param name="type">float32 or bfloat16.</param>
    /// <param name="use">Gets the matrix, <c>[out, in]</c>, which is only valid until it returns.</param>
    /// <returns>What <paramref name="use"/> gives, in the caller's scope.</returns>
    public Tensor Use(IQuantizedWeight weight, ScalarType type, Func<Tensor, Tensor> use)
    {
        return Use(weight.Shape, type, weight.Device, matrix =>
        {
            weight.DequantizeInto(matrix);
            return use(matrix);
        });
    }

    /// <summary>Lends memory as a matrix of unspecified values.</summary>
    /// <param name="shape">Its shape.</param>
    /// <param name="type">float32 or bfloat16.</param>
    /// <param name="device">Where.</param>
    /// <param name="use">Fills and uses the matrix, which is only valid until it returns.</param>
    /// <returns>What <paramref name="use"/> gives, in the caller's scope.</returns>
    public Tensor Use(IReadOnlyList<long> shape, ScalarType type, Device device, Func<Tensor, Tensor> use)
    {
        using var scope = NewDisposeScope();
        using var frozen = no_grad();
        long bytes = shape.Aggregate(type == ScalarType.Float32 ? 4L : 2L, (product, size) => product * size);
        Tensor memory = Take(bytes, device);
        try
        {
            Tensor matrix = Aten.Reinterpret(memory.narrow(0, 0, bytes), type).view([.. shape]);
            return use(matrix).MoveToOuterDisposeScope();
        }
        finally
        {
            GiveBack(memory);
        }
    }

    /// <summary>Frees the memory.</summary>
    public void Dispose()
    {
        lock (_gate)
        {
            _isDisposed = true;
            _free?.Dispose();
            _free = null;
        }
    }

    // Two threads on one model: the second one has memory of its own for the moment.
    private Tensor Take(long bytes, Device device)
    {
        Tensor? memory;
        lock (_gate)
        {
            (memory, _free) = (_free, null);
        }
        if (memory is not null && memory.numel() >= bytes)
        {
            return memory;
        }
        memory?.Dispose();
        return empty([bytes], dtype: ScalarType.Byte, device: device).DetachFromDisposeScope();
    }

    private void GiveBack(Tensor memory)
    {
        lock (_gate)
        {
            if (_isDisposed || (_free is not null && _free.numel() >= memory.numel()))
            {
                memory.Dispose();
                return;
            }
            _free?.Dispose();
            _free = memory;
        }
    }
}
