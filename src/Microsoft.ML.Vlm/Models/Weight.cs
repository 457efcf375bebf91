using Microsoft.ML.Vlm.Quantization;
using static TorchSharp.torch;

namespace Microsoft.ML.Vlm.Models;

/// <summary>A named weight of a checkpoint: a plain tensor or quantized codes while frozen, a leaf of the autograd graph while it trains.</summary>
internal sealed class Weight : IDisposable
{
    private readonly IQuantizedWeight? _quantized;
    private Tensor? _own;
    private bool _isShadow;

    /// <summary>A weight as a tensor.</summary>
    /// <param name="name">Name in the checkpoint.</param>
    /// <param name="value">Taken over.</param>
    public Weight(string name, Tensor value) => (Name, _own) = (name, value);

    /// <summary>A weight as codes.</summary>
    /// <param name="name">Name in the checkpoint.</param>
    /// <param name="quantized">Taken over.</param>
    public Weight(string name, IQuantizedWeight quantized) => (Name, _quantized) = (name, quantized);

    /// <summary>Name in the checkpoint, such as <c>model.text_model.layers.0.self_attn.q_proj.weight</c>.</summary>
    public string Name { get; }

    /// <summary>
    /// The tensor that counts; frozen ones may lie over the mapped file and must not be written to. Of a quantized weight it is dequantized anew each time, into the caller's
    /// scope; <see cref="Shape"/> and <see cref="Device"/> do without.
    /// </summary>
    public Tensor Value => Replacement ?? Own;

    /// <summary>The model's own tensor; as for <see cref="Value"/>.</summary>
    public Tensor Own => _own ?? _quantized!.Dequantize(_quantized.ComputeType);

    /// <summary>What an adapter puts in its place, float32 of the same shape, or null. It stays the adapter's.</summary>
    public Tensor? Replacement { get; set; }

    /// <summary>The codes, where they are what counts; else null.</summary>
    public IQuantizedWeight? Quantized => Replacement is null ? _quantized : null;

    /// <summary>Sizes.</summary>
    public IReadOnlyList<long> Shape => _own?.shape ?? _quantized!.Shape;

    /// <summary>Where it is.</summary>
    public Device Device => _own?.device ?? _quantized!.Device;

    /// <summary>Whether it trains.</summary>
    public bool IsTrainable => (Replacement ?? _own) is { requires_grad: true };

    /// <summary>Replaces the model's own tensor by a copy, in float32, that collects gradients.</summary>
    /// <exception cref="InvalidOperationException">The weight is quantized.</exception>
    public void MakeTrainable()
    {
        if (_own is null)
        {
            throw new InvalidOperationException($"'{Name}' is quantized, and codes cannot be trained: train an adapter, or name the module in QuantOptions.SkipModules.");
        }
        if (_own.requires_grad && !_isShadow)
        {
            return;
        }
        Tensor trainable = _own.detach().to(ScalarType.Float32, copy: true).DetachFromDisposeScope();
        trainable.requires_grad_(true);
        _own.Dispose();
        (_own, _isShadow) = (trainable, false);
    }

    /// <summary>
    /// Makes passes take the ways that they take where this weight trains, without a copy of it: a reference model so gives the bits of the model that trains. Its values must not be
    /// written to, as before.
    /// </summary>
    public void ShadowTrainable()
    {
        if (_own is { requires_grad: false })
        {
            _own.requires_grad_(true);
            _isShadow = true;
        }
    }

    /// <summary>The tensor in the type of the activations; a copy (through which gradients flow) when a float32 weight trains in a bfloat16 model.</summary>
    public Tensor As(ScalarType type) => Quantized?.Dequantize(type) ?? (Value.dtype == type ? Value : Value.to(type));

    /// <summary>Frees the model's own tensor or codes.</summary>
    public void Dispose()
    {
        _own?.Dispose();
        _quantized?.Dispose();
    }
}
