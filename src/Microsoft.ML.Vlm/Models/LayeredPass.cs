using static TorchSharp.torch;

namespace Microsoft.ML.Vlm.Models;

/// <summary>
/// A training pass through a stack of layers, each recorded by itself and freed as soon as the gradient is through. With gradient checkpointing
/// (Chen et al. 2016) only the input of a layer is kept, and the layer is computed again on the way back, with the same dropout.
/// Below the lowest layer that trains nothing is recorded or kept.
/// </summary>
internal sealed class LayeredPass : TrainingPass
{
    private readonly Tensor _input;
    private readonly IReadOnlyList<IDisposable> _owned;
    private readonly Stack<Step> _steps = [];

    /// <summary>Runs the stack.</summary>
    /// <param name="input"><c>[tokens, hidden]</c>, with or without a graph behind it; the pass takes it over.</param>
    /// <param name="layers">The stack, the final norm included.</param>
    /// <param name="checkpointing">Whether layers are computed again instead of kept.</param>
    /// <param name="owned">What the layers use; freed with the pass.</param>
    public LayeredPass(Tensor input, IReadOnlyList<TrainingLayer> layers, bool checkpointing, params IReadOnlyList<IDisposable> owned)
    {
        _input = input.DetachFromDisposeScope();
        _owned = owned;
        bool needsInput = input.requires_grad;
        Tensor hidden = input.detach().DetachFromDisposeScope();
        foreach (TrainingLayer layer in layers)
        {
            Tensor next;
            if (!needsInput && !layer.Trains)
            {
                next = RunForward(layer, hidden);
                hidden.Dispose();
            }
            else if (checkpointing)
            {
                Tensor[] states = [.. layer.Generators.Select(generator => generator.get_state().DetachFromDisposeScope())];
                next = RunForward(layer, hidden);
                _steps.Push(new Step(layer, hidden, needsInput, Record: null, states));
                needsInput = true;
            }
            else
            {
                LayerRecord record = Record(layer, hidden, needsInput);
                next = record.Output.alias().DetachFromDisposeScope();
                _steps.Push(new Step(layer, hidden, needsInput, record, []));
                needsInput = true;
            }
            hidden = next;
        }
        Hidden = hidden;
    }

    /// <inheritdoc/>
    public override Tensor Hidden { get; }

    /// <inheritdoc/>
    public override bool NeedsGradient => _steps.Count > 0 || _input.requires_grad;

    /// <inheritdoc/>
    protected override void Propagate(Tensor gradient)
    {
        using var scope = NewDisposeScope();
        Tensor? current = gradient.detach();
        while (_steps.TryPop(out Step? step))
        {
            using Step popped = step;
            using var layer = NewDisposeScope();
            using LayerRecord record = popped.Record ?? Again(popped);
            Tensor? below = record.Backward(current)?.MoveToOuterDisposeScope();
            current.Dispose();
            if (below is null)
            {
                return;
            }
            current = below;
        }
        if (_input.requires_grad)
        {
            autograd.backward(_input, current);
        }
    }

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        Hidden.Dispose();
        _input.Dispose();
        foreach (IDisposable item in _steps.Concat(_owned))
        {
            item.Dispose();
        }
        _steps.Clear();
    }

    private static Tensor RunForward(TrainingLayer layer, Tensor input)
    {
        using var frozen = no_grad();
        return layer.Forward(input).DetachFromDisposeScope();
    }

    private static LayerRecord Record(TrainingLayer layer, Tensor input, bool needsInput)
        => layer.Record is null ? new AutogradRecord(layer.Forward, input, needsInput) : layer.Record(input, needsInput);

    // The generators end where they stood before: behind the whole forward pass.
    private static LayerRecord Again(Step step)
    {
        IReadOnlyList<Generator> generators = step.Layer.Generators;
        Tensor[] now = [.. generators.Select(generator => generator.get_state())];
        Restore(generators, step.States);
        LayerRecord record = Record(step.Layer, step.Input, step.NeedsInput);
        Restore(generators, now);
        return record;
    }

    private static void Restore(IReadOnlyList<Generator> generators, Tensor[] states)
    {
        for (int index = 0; index < states.Length; index++)
        {
            generators[index].set_state(states[index]);
        }
    }

    /// <summary>What is kept of a layer: its input, and its record or, with checkpointing, the states of its generators before it.</summary>
    private sealed record Step(TrainingLayer Layer, Tensor Input, bool NeedsInput, LayerRecord? Record, Tensor[] States) : IDisposable
    {
        public void Dispose()
        {
            Input.Dispose();
            Record?.Dispose();
            foreach (Tensor state in States)
            {
                state.Dispose();
            }
        }
    }
}
