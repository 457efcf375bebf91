using Microsoft.ML.Vlm.Torch;
using Microsoft.ML.Vlm.Torch.Kernels;
using static TorchSharp.torch;

namespace Microsoft.ML.Vlm.Models.Decoding;

/// <summary>The tensors that a decoder holds, and their addresses.</summary>
internal sealed unsafe class DecodingMemory : IDisposable
{
    private readonly List<IDisposable> _held = [];
    private readonly Dictionary<(string Purpose, long Count), nint> _shared = [];

    /// <summary>Memory for float32 numbers that are not needed any more when another layer writes its own there.</summary>
    /// <param name="purpose">What is there; whoever asks with the same purpose and size gets the same memory.</param>
    /// <param name="count">How many numbers.</param>
    public float* Share(string purpose, long count)
    {
        if (!_shared.TryGetValue((purpose, count), out nint address))
        {
            _shared[(purpose, count)] = address = (nint)Aten.Address<float>(Keep(zeros(count)));
        }
        return (float*)address;
    }

    /// <summary>A tensor's numbers in float32.</summary>
    /// <param name="tensor">On the CPU; it stays the caller's and is not needed afterwards.</param>
    public float* Copy(Tensor tensor) => Aten.Address<float>(Keep(tensor.detach().to(ScalarType.Float32, copy: true).contiguous()));

    /// <summary>Takes a matrix over.</summary>
    public void Take(VectorProduct product) => _held.Add(product);

    /// <summary>Takes a float32 tensor over.</summary>
    public float* Take(Tensor tensor) => Aten.Address<float>(Keep(tensor));

    /// <summary>Frees the tensors.</summary>
    public void Dispose()
    {
        foreach (IDisposable item in _held)
        {
            item.Dispose();
        }
        _held.Clear();
    }

    private Tensor Keep(Tensor tensor)
    {
        _held.Add(tensor.DetachFromDisposeScope());
        return tensor;
    }
}
