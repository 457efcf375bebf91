using Microsoft.ML.Vlm.Models.Blocks;
using static TorchSharp.torch;

namespace Microsoft.ML.Vlm.Models.Llama;

/// <summary>
/// A decoder layer with frozen weights and low-rank updates, forward and back by hand: norms, activations and their inputs are computed again instead of kept,
/// only attention is recorded by autograd. The arithmetic is the layer's own.
/// </summary>
internal sealed class LlamaLayerRecord : LayerRecord
{
    private readonly LlamaLayer _layer;
    private readonly (Tensor Cosine, Tensor Sine) _angles;
    private readonly bool _needsInput;
    private readonly Tensor _input;
    private readonly LinearRecord[] _projections;
    private readonly Tensor[] _leaves;
    private readonly Tensor _mixed;
    private readonly LinearRecord _output;
    private readonly Tensor _attended;
    private readonly LinearRecord _gate;
    private readonly LinearRecord _up;
    private readonly LinearRecord _down;

    /// <summary>Runs the layer.</summary>
    /// <param name="layer">A layer that <see cref="LlamaLayer.CanRecordByHand"/>.</param>
    /// <param name="input"><c>[tokens, hidden]</c>; stays the caller's until the record is disposed of.</param>
    /// <param name="angles">Rotary angles of the tokens.</param>
    /// <param name="attention">Who sees whom.</param>
    /// <param name="needsInput">Whether the gradient by the input is asked for.</param>
    public LlamaLayerRecord(LlamaLayer layer, Tensor input, (Tensor Cosine, Tensor Sine) angles, PackedAttention attention, bool needsInput)
    {
        using var scope = NewDisposeScope();
        using var frozen = no_grad();
        (_layer, _input, _angles, _needsInput) = (layer, input, angles, needsInput);
        LlamaAttention mixer = layer.Attention;
        Tensor normalized = layer.AttentionNorm.Forward(input);
        _projections = [.. mixer.Linears.Take(3).Select(linear => new LinearRecord(linear, normalized))];
        _leaves = [.. _projections.Select(record => mixer.Heads(record.Output))];
        for (int index = 0; index < 2; index++)
        {
            _leaves[index] = RotaryEmbedding.Apply(_leaves[index], angles);
        }
        foreach (Tensor leaf in _leaves)
        {
            leaf.DetachFromDisposeScope().requires_grad_(true);
        }
        using (enable_grad())
        {
            _mixed = attention.Forward(layer.Index, _leaves[0], _leaves[1], _leaves[2]).DetachFromDisposeScope();
        }
        _output = new LinearRecord(mixer.Linears[3], _mixed.detach());
        _attended = (input + _output.Output).DetachFromDisposeScope();

        Tensor again = layer.MlpNorm.Forward(_attended);
        _gate = new LinearRecord(layer.Mlp.Linears[0], again);
        _up = new LinearRecord(layer.Mlp.Linears[1], again);
        _down = new LinearRecord(layer.Mlp.Linears[2], GatedMlp.Open(_gate.Output, _up.Output));
        Output = (_attended + _down.Output).DetachFromDisposeScope();
    }

    /// <inheritdoc/>
    public override Tensor Output { get; }

    /// <inheritdoc/>
    public override Tensor? Backward(Tensor gradient)
    {
        using var scope = NewDisposeScope();
        using var frozen = no_grad();
        Tensor above = gradient.contiguous();
        Tensor attended = BackwardMlp(above).add_(above);
        Tensor? result = BackwardAttention(attended);
        return result?.add_(attended).MoveToOuterDisposeScope();
    }

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        foreach (IDisposable item in (IDisposable[])[.. _projections, .. _leaves, _mixed, _output, _attended, _gate, _up, _down, Output])
        {
            item.Dispose();
        }
    }

    private Tensor BackwardMlp(Tensor gradient)
    {
        using var scope = NewDisposeScope();
        Tensor opened = _down.Backward(GatedMlp.Open(_gate.Output, _up.Output), gradient)!;
        (Tensor gate, Tensor up) = GatedMlp.OpenBackward(_gate.Output, _up.Output, opened);
        Tensor normalized = _layer.MlpNorm.Forward(_attended);
        Tensor sum = _gate.Backward(normalized, gate)!.add_(_up.Backward(normalized, up)!);
        return _layer.MlpNorm.Backward(_attended, sum).MoveToOuterDisposeScope();
    }

    private Tensor? BackwardAttention(Tensor gradient)
    {
        using var scope = NewDisposeScope();
        autograd.backward(_mixed, _output.Backward(_mixed.detach(), gradient)!);
        Tensor normalized = _layer.AttentionNorm.Forward(_input);
        Tensor? sum = null;
        for (int index = 0; index < _projections.Length; index++)
        {
            Tensor heads = _leaves[index].grad!;
            Tensor turned = index < 2 ? RotaryEmbedding.ApplyBackward(heads, _angles) : heads.contiguous();
            Tensor? part = _projections[index].Backward(normalized, turned.flatten(1), _needsInput);
            sum = sum is null ? part : sum.add_(part!);
        }
        return sum is null ? null : _layer.AttentionNorm.Backward(_input, sum).MoveToOuterDisposeScope();
    }
}
