using System.Globalization;
using System.IO.Hashing;
using System.Text;
using Microsoft.ML.Vlm.Adapters;
using Microsoft.ML.Vlm.Models;
using Microsoft.ML.Vlm.Torch;
using static TorchSharp.torch;

namespace Microsoft.ML.Vlm.Dpo;

/// <summary>
/// The reference of an adapter that was trained before: its values at the start, which trade places with those of the policy while the reference is computed. Takes the memory of
/// one adapter.
/// </summary>
internal sealed class FrozenAdapterPolicy : IReferencePolicy
{
    private readonly VisionLanguageModel _model;
    private readonly AdapterSet _adapters;
    private readonly Tensor[] _values;
    private readonly Tensor[] _others;

    /// <summary>Keeps the adapters' present values.</summary>
    /// <param name="model">The policy's model; stays the caller's.</param>
    /// <param name="adapters">The policy's adapters; stay the caller's.</param>
    public FrozenAdapterPolicy(VisionLanguageModel model, AdapterSet adapters)
    {
        _model = model;
        _adapters = adapters;
        _values = [.. adapters.ToTensors().Select(pair => pair.Value)];
        _others = [.. _values.Select(value => value.detach().clone().DetachFromDisposeScope())];
    }

    /// <inheritdoc/>
    public bool SharesVision => true;

    /// <inheritdoc/>
    public T Compute<T>(Func<VisionLanguageModel, T> compute)
    {
        using var frozen = no_grad();
        bool wasTraining = _adapters.IsTraining;
        _adapters.IsTraining = false;
        Trade();
        try
        {
            return compute(_model);
        }
        finally
        {
            Trade();
            _adapters.IsTraining = wasTraining;
        }
    }

    /// <inheritdoc/>
    public UInt128 Hash() => Compute(model =>
    {
        XxHash128 hasher = new();
        WeightHash.Append(hasher, WeightHash.Of(model, _ => true));
        foreach ((string name, Tensor value) in _adapters.ToTensors())
        {
            WeightHash.Append(hasher, name, value);
        }
        foreach ((string path, LoraAdapter layer) in _adapters.Layers)
        {
            hasher.Append(Encoding.UTF8.GetBytes(string.Create(CultureInfo.InvariantCulture, $"{path} {layer.Scale:R} {layer.Start is not null}")));
        }
        return hasher.GetCurrentHashAsUInt128();
    });

    /// <summary>Frees the copy.</summary>
    public void Dispose() => Array.ForEach(_others, tensor => tensor.Dispose());

    private void Trade()
    {
        foreach ((Tensor value, Tensor other) in _values.Zip(_others))
        {
            // Features of an adapted vision part may be in a graph that keeps the values; they are back in their places before gradients go through it.
            using Tensor memory = Aten.Data(value), kept = memory.clone();
            memory.copy_(other);
            other.copy_(kept);
        }
    }
}
