using static TorchSharp.torch;

namespace Microsoft.ML.Vlm.Models;

/// <summary>A named weight of a checkpoint: a plain tensor while frozen, a leaf of the autograd graph while it trains.</summary>
internal sealed class Weight(string name, Tensor value) : IDisposable
{
    /// <summary>Name in the checkpoint, such as <c>model.text_model.layers.0.self_attn.q_proj.weight</c>.</summary>
    public string Name { get; } = name;

    /// <summary>The tensor; frozen ones may lie over the mapped file and must not be written to.</summary>
    public Tensor Value { get; private set; } = value;

    /// <summary>Whether it trains.</summary>
    public bool IsTrainable => Value.requires_grad;

    /// <summary>Replaces the tensor by a copy of its own, in float32, that collects gradients.</summary>
    public void MakeTrainable()
    {
        if (IsTrainable)
        {
            return;
        }
        Tensor trainable = Value.to(ScalarType.Float32, copy: true).DetachFromDisposeScope();
        trainable.requires_grad_(true);
        Value.Dispose();
        Value = trainable;
    }

    /// <summary>The tensor in the type of the activations; a copy (through which gradients flow) when a float32 weight trains in a bfloat16 model.</summary>
    public Tensor As(ScalarType type) => Value.dtype == type ? Value : Value.to(type);

    /// <summary>Frees the tensor.</summary>
    public void Dispose() => Value.Dispose();
}
