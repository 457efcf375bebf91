using static TorchSharp.torch;

namespace Microsoft.ML.Vlm.Models;

/// <summary>A training pass over one recorded graph, for models that are not a stack of layers.</summary>
internal sealed class RecordedPass : TrainingPass
{
    private readonly Tensor _output;

    /// <summary>Takes over the output of a recorded forward pass, <c>[tokens, hidden]</c>.</summary>
    public RecordedPass(Tensor output)
    {
        _output = output.DetachFromDisposeScope();
        Hidden = output.detach().DetachFromDisposeScope();
        NeedsGradient = output.requires_grad;
    }

    /// <inheritdoc/>
    public override Tensor Hidden { get; }

    /// <inheritdoc/>
    public override bool NeedsGradient { get; }

    /// <inheritdoc/>
    protected override void Propagate(Tensor gradient) => autograd.backward(_output, gradient);

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        _output.Dispose();
        Hidden.Dispose();
    }
}
