using Microsoft.ML.Vlm.Models;
using static TorchSharp.torch;

namespace Microsoft.ML.Vlm.Adapters;

/// <summary>A low-rank update of one linear layer (Hu et al. 2021): <c>y += (alpha / r) B A dropout(x)</c>.</summary>
internal sealed class LoraAdapter : ILinearAdapter, IDisposable
{
    private readonly AdapterSet _set;

    /// <summary>Takes over two tensors, as leaves of the autograd graph.</summary>
    /// <param name="a">Float32 <c>[r, in]</c>.</param>
    /// <param name="b">Float32 <c>[out, r]</c>.</param>
    /// <param name="set">The set it belongs to, which knows scale and dropout.</param>
    public LoraAdapter(Tensor a, Tensor b, AdapterSet set)
    {
        A = a.DetachFromDisposeScope().requires_grad_(true);
        B = b.DetachFromDisposeScope().requires_grad_(true);
        _set = set;
    }

    /// <summary>Float32 <c>[r, in]</c>.</summary>
    public Tensor A { get; }

    /// <summary>Float32 <c>[out, r]</c>.</summary>
    public Tensor B { get; }

    /// <inheritdoc/>
    public Generator? Random => _set.Random;

    /// <summary>Adds the update to <paramref name="output"/>, in place, computing in its type.</summary>
    public Tensor Apply(Tensor input, Tensor output)
    {
        Tensor x = Rows(_set.Drop(input)), a = As(A, input.dtype), b = As(B, input.dtype);
        Rows(output).addmm_(nn.functional.linear(x, a), b.t(), 1, (float)_set.Scale);
        return output;
    }

    /// <summary>Frees the tensors.</summary>
    public void Dispose()
    {
        A.Dispose();
        B.Dispose();
    }

    private static Tensor Rows(Tensor tensor) => tensor.dim() == 2 ? tensor : tensor.view(-1, tensor.size(-1));

    private static Tensor As(Tensor master, ScalarType type) => master.dtype == type ? master : master.to(type);
}
