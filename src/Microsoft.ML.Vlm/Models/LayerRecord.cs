using static TorchSharp.torch;

namespace Microsoft.ML.Vlm.Models;

/// <summary>A layer after its forward pass, with what its backward pass needs.</summary>
internal abstract class LayerRecord : IDisposable
{
    /// <summary>Hidden states behind the layer, without gradient history.</summary>
    public abstract Tensor Output { get; }

    /// <summary>Adds the gradients of everything in the layer that trains.</summary>
    /// <param name="gradient">By <see cref="Output"/>.</param>
    /// <returns>The gradient by the layer's input; null when it was not asked for, or nothing flows there.</returns>
    public abstract Tensor? Backward(Tensor gradient);

    /// <summary>Frees output and what was kept.</summary>
    public void Dispose()
    {
        Dispose(disposing: true);
        GC.SuppressFinalize(this);
    }

    /// <summary>Frees output and what was kept.</summary>
    protected abstract void Dispose(bool disposing);
}
