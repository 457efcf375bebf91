using Microsoft.ML.Vlm.Torch;
using static TorchSharp.torch;

namespace Microsoft.ML.Vlm.Models.Blocks;

/// <summary>A frozen root-mean-square normalization on its way forward and back without autograd.</summary>
internal sealed class RmsNormRecord : LayerRecord
{
    private readonly RmsNorm _norm;
    private readonly Tensor _input;
    private readonly bool _needsInput;

    /// <summary>Normalizes.</summary>
    /// <param name="norm">A norm whose weight <see cref="KernelChoice.Applies"/> to.</param>
    /// <param name="input"><c>[tokens, width]</c>; stays the caller's until the record is disposed of.</param>
    /// <param name="needsInput">Whether the gradient by the input is asked for.</param>
    public RmsNormRecord(RmsNorm norm, Tensor input, bool needsInput)
    {
        using var frozen = no_grad();
        (_norm, _input, _needsInput) = (norm, input, needsInput);
        Output = norm.Forward(input).DetachFromDisposeScope();
    }

    /// <inheritdoc/>
    public override Tensor Output { get; }

    /// <inheritdoc/>
    public override Tensor? Backward(Tensor gradient)
    {
        using var frozen = no_grad();
        return _needsInput ? _norm.Backward(_input, gradient) : null;
    }

    /// <inheritdoc/>
    protected override void Dispose(bool disposing) => Output.Dispose();
}
