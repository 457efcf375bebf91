using static TorchSharp.torch;

namespace Microsoft.ML.Vlm.Models;

/// <summary>A layer recorded by libtorch's autograd: goes for every layer.</summary>
internal sealed class AutogradRecord : LayerRecord
{
    private readonly Tensor _leaf;
    private readonly Tensor _recorded;

    /// <summary>Runs a layer and records it.</summary>
    /// <param name="forward">The layer.</param>
    /// <param name="input">Its input, which stays the caller's.</param>
    /// <param name="needsInput">Whether the gradient by the input is asked for.</param>
    public AutogradRecord(Func<Tensor, Tensor> forward, Tensor input, bool needsInput)
    {
        using var mode = enable_grad();
        _leaf = input.detach().DetachFromDisposeScope().requires_grad_(needsInput);
        _recorded = forward(_leaf).DetachFromDisposeScope();
        Output = _recorded.detach().DetachFromDisposeScope();
    }

    /// <inheritdoc/>
    public override Tensor Output { get; }

    /// <inheritdoc/>
    public override Tensor? Backward(Tensor gradient)
    {
        if (!_recorded.requires_grad)
        {
            return null;
        }
        autograd.backward(_recorded, gradient);
        return _leaf.requires_grad ? _leaf.grad : null;
    }

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        _leaf.Dispose();
        _recorded.Dispose();
        Output.Dispose();
    }
}
