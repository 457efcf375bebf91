using static TorchSharp.torch;

namespace Microsoft.ML.Vlm.Models;

/// <summary>
/// A forward pass of a packed batch that keeps what its backward pass needs. An objective computes its loss from <see cref="Hidden"/> and hands the gradient of
/// that to <see cref="Backward"/>, which adds to the gradients of everything that trains.
/// </summary>
/// <remarks>Made by <see cref="VisionLanguageModel.BeginTraining"/>. Its tensors belong to it, not to the dispose scope it was made in.</remarks>
internal abstract class TrainingPass : IDisposable
{
    private bool _isSpent;

    /// <summary>Hidden states behind the final norm, <c>[tokens, hidden]</c>, without gradient history. The pass's to free.</summary>
    public abstract Tensor Hidden { get; }

    /// <summary>Whether anything below the output head trains; if not, <see cref="Backward"/> has nothing to do.</summary>
    public abstract bool NeedsGradient { get; }

    /// <summary>Goes back through the model, and frees what the pass kept on the way.</summary>
    /// <param name="gradient">Of the loss by <see cref="Hidden"/>, same shape and type.</param>
    /// <exception cref="InvalidOperationException">It was called before.</exception>
    public void Backward(Tensor gradient)
    {
        if (_isSpent)
        {
            throw new InvalidOperationException("A training pass goes back once: what it kept is gone. Begin a new one.");
        }
        _isSpent = true;
        if (NeedsGradient)
        {
            Propagate(gradient);
        }
    }

    /// <summary>Frees what is left.</summary>
    public void Dispose()
    {
        Dispose(disposing: true);
        GC.SuppressFinalize(this);
    }

    /// <summary>Goes back through the model; called at most once, and only if something trains.</summary>
    protected abstract void Propagate(Tensor gradient);

    /// <summary>Frees what is left.</summary>
    protected abstract void Dispose(bool disposing);
}
