using static TorchSharp.torch;

namespace Microsoft.ML.Vlm.Models;

/// <summary>A named weight of a checkpoint: a plain tensor while frozen, a leaf of the autograd graph while it trains.</summary>
internal sealed class Weight(string name, Tensor value) : IDisposable
{
    /// <summary>Name in the checkpoint, such as <c>model.text_model.layers.0.self_attn.q_proj.weight</c>.</summary>
    public string Name { get; } = name;

    /// <summary>The tensor that counts; frozen ones may lie over the mapped file and must not be written to.</summary>
    public Tensor Value => Replacement ?? Own;

    /// <summary>The model's own tensor.</summary>
    public Tensor Own { get; private set; } = value;

    /// <summary>What an adapter puts in its place, float32 of the same shape, or null. It stays the adapter's.</summary>
    public Tensor? Replacement { get; set; }

    /// <summary>Whether it trains.</summary>
    public bool IsTrainable => Value.requires_grad;

    /// <summary>Replaces the model's own tensor by a copy, in float32, that collects gradients.</summary>
    public void MakeTrainable()
    {
        if (Own.requires_grad)
        {
            return;
        }
        Tensor trainable = Own.to(ScalarType.Float32, copy: true).DetachFromDisposeScope();
        trainable.requires_grad_(true);
        Own.Dispose();
        Own = trainable;
    }

    /// <summary>The tensor in the type of the activations; a copy (through which gradients flow) when a float32 weight trains in a bfloat16 model.</summary>
    public Tensor As(ScalarType type) => Value.dtype == type ? Value : Value.to(type);

    /// <summary>Frees the model's own tensor.</summary>
    public void Dispose() => Own.Dispose();
}
