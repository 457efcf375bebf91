using Microsoft.ML.Vlm.Quantization;
using static TorchSharp.torch;

namespace Microsoft.ML.Vlm.Models;

/// <summary>A named weight of a checkpoint: while frozen a plain tensor, or stored in fewer bits than it is computed with; a leaf of the autograd graph while it trains.</summary>
internal sealed class Weight : IDisposable
{
    private ICompactWeight? _compact;
    private Tensor? _own;
    private bool _isShadow;

    /// <summary>A weight as a tensor.</summary>
    /// <param name="name">Name in the checkpoint.</param>
    /// <param name="value">Taken over.</param>
    public Weight(string name, Tensor value) => (Name, _own) = (name, value);

    /// <summary>A weight that is stored compactly.</summary>
    /// <param name="name">Name in the checkpoint.</param>
    /// <param name="compact">Taken over.</param>
    public Weight(string name, ICompactWeight compact) => (Name, _compact) = (name, compact);

    /// <summary>Name in the checkpoint, such as <c>model.text_model.layers.0.self_attn.q_proj.weight</c>.</summary>
    public string Name { get; }

    /// <summary>
    /// The tensor that counts, in the type in which it is stored, which may be narrower than the model computes with; frozen ones may lie over the mapped file and must not be
    /// written to. Of a quantized weight it is dequantized anew each time, into the caller's scope; <see cref="Shape"/> and <see cref="Device"/> do without.
    /// </summary>
    public Tensor Value => Replacement ?? Own;

    /// <summary>The model's own tensor; as for <see cref="Value"/>.</summary>
    public Tensor Own => Plain ?? Codes!.Dequantize(Codes.ComputeType);

    /// <summary>What an adapter puts in its place, float32 or bfloat16 of the same shape, or null. It stays the adapter's.</summary>
    public Tensor? Replacement { get; set; }

    /// <summary>The stored form that products expand, where it is what counts; null where they take <see cref="Value"/>.</summary>
    public ICompactWeight? Compact => Replacement is null ? _compact : null;

    /// <summary>The codes, where they are what counts; else null.</summary>
    public IQuantizedWeight? Quantized => Replacement is null ? Codes : null;

    /// <summary>Sizes.</summary>
    public IReadOnlyList<long> Shape => _own?.shape ?? _compact!.Shape;

    /// <summary>Where it is.</summary>
    public Device Device => _own?.device ?? _compact!.Device;

    /// <summary>Bytes of the model's own tensor or codes, as they are stored.</summary>
    public long ByteCount => _compact?.ByteCount ?? (_own!.numel() * _own.ElementSize);

    /// <summary>Whether it trains.</summary>
    public bool IsTrainable => (Replacement ?? _own) is { requires_grad: true };

    private Tensor? Plain => _own ?? _compact!.Stored;

    private IQuantizedWeight? Codes => _compact as IQuantizedWeight;

    /// <summary>Replaces the model's own tensor by a copy, in float32, that collects gradients.</summary>
    /// <exception cref="InvalidOperationException">The weight is quantized.</exception>
    public void MakeTrainable()
    {
        Tensor plain = Plain
            ?? throw new InvalidOperationException($"'{Name}' is quantized, and codes cannot be trained: train an adapter, or name the module in QuantOptions.SkipModules.");
        if (plain.requires_grad && !_isShadow)
        {
            return;
        }
        using Tensor values = plain.detach();
        TakeApart(values);
        _isShadow = false;
    }

    /// <summary>
    /// Makes passes take the ways that they take where this weight trains, without a copy of it if it is stored as it is computed with: a reference model so gives the bits of the model
    /// that trains. Its values must not be written to, as before.
    /// </summary>
    public void ShadowTrainable()
    {
        if (Plain is not { requires_grad: false } plain)
        {
            return;
        }
        if (_compact is not null)
        {
            TakeApart(plain);
        }
        _own!.requires_grad_(true);
        _isShadow = true;
    }

    /// <summary>The tensor in the type of the activations; a copy (through which gradients flow) when a float32 weight trains in a bfloat16 model.</summary>
    public Tensor As(ScalarType type) => Quantized?.Dequantize(type) ?? (Value.dtype == type ? Value : Value.to(type));

    /// <summary>Frees the model's own tensor or codes.</summary>
    public void Dispose()
    {
        _own?.Dispose();
        _compact?.Dispose();
    }

    // Products take the copy from now on, in float32.
    private void TakeApart(Tensor plain)
    {
        Tensor apart = plain.to(ScalarType.Float32, copy: true).DetachFromDisposeScope().requires_grad_(true);
        Dispose();
        (_own, _compact) = (apart, null);
    }
}
