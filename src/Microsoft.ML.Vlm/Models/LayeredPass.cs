using static TorchSharp.torch;

namespace Microsoft.ML.Vlm.Models;

/// <summary>
/// A training pass through a stack of layers, each with a graph of its own that is freed as soon as the gradient is through. With gradient checkpointing
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
        bool needsGradient = input.requires_grad;
        Tensor hidden = input.detach().DetachFromDisposeScope();
        foreach (TrainingLayer layer in layers)
        {
            if (needsGradient || layer.Trains)
            {
                hidden.requires_grad_(needsGradient);
                Step step = Run(layer, hidden, checkpointing);
                hidden = step.Output.detach().DetachFromDisposeScope();
                _steps.Push(checkpointing ? step.WithoutOutput() : step);
                needsGradient = true;
            }
            else
            {
                using Tensor below = hidden;
                using var frozen = no_grad();
                hidden = layer.Forward(below).DetachFromDisposeScope();
            }
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
        Tensor current = gradient.detach();
        while (_steps.TryPop(out Step? step))
        {
            using Step popped = step;
            using var layer = NewDisposeScope();
            Tensor output = popped.Result ?? Again(popped);
            if (!output.requires_grad)
            {
                return;
            }
            autograd.backward(output, current);
            current.Dispose();
            if (!popped.Input.requires_grad)
            {
                return;
            }
            current = popped.Input.grad!.MoveToOuterDisposeScope();
        }
        autograd.backward(_input, current);
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

    private static Step Run(TrainingLayer layer, Tensor input, bool checkpointing)
    {
        Tensor[] states = checkpointing ? [.. layer.Generators.Select(generator => generator.get_state().DetachFromDisposeScope())] : [];
        using var mode = set_grad_enabled(!checkpointing);
        return new Step(layer, input, layer.Forward(input).DetachFromDisposeScope(), states);
    }

    // The generators end where they stood before: behind the whole forward pass.
    private static Tensor Again(Step step)
    {
        IReadOnlyList<Generator> generators = step.Layer.Generators;
        Tensor[] now = [.. generators.Select(generator => generator.get_state())];
        Restore(generators, step.States);
        using var recorded = enable_grad();
        Tensor output = step.Layer.Forward(step.Input);
        Restore(generators, now);
        return output;
    }

    private static void Restore(IReadOnlyList<Generator> generators, Tensor[] states)
    {
        for (int index = 0; index < states.Length; index++)
        {
            generators[index].set_state(states[index]);
        }
    }

    /// <summary>What is kept of a layer: its input, and its recorded output or the states of its generators before it.</summary>
    private sealed record Step(TrainingLayer Layer, Tensor Input, Tensor? Result, Tensor[] States) : IDisposable
    {
        public Tensor Output => Result!;

        public Step WithoutOutput()
        {
            Output.Dispose();
            return this with { Result = null };
        }

        public void Dispose()
        {
            Input.Dispose();
            Result?.Dispose();
            foreach (Tensor state in States)
            {
                state.Dispose();
            }
        }
    }
}
