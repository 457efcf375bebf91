using Microsoft.ML.Vlm.Checkpoints;
using Microsoft.ML.Vlm.Models;
using static TorchSharp.torch;

namespace Microsoft.ML.Vlm.Dpo;

/// <summary>A reference that is a model of its own: that of full fine-tuning, or one that the user gave.</summary>
/// <param name="model">The reference; taken over.</param>
/// <param name="original">The policy whose start it is a copy of, which stays the caller's; null for another model.</param>
internal sealed class SeparateModelPolicy(VisionLanguageModel model, VisionLanguageModel? original) : IReferencePolicy
{
    /// <summary>Name of the file in checkpoints with the weights of a reference that follows the policy.</summary>
    public const string FileName = "reference_model.safetensors";

    // In front of the names, so that no reader of a checkpoint takes them for the policy's.
    private const string Prefix = "reference.";

    private readonly SortedSet<string> _mixed = new(StringComparer.Ordinal);
    private bool _isShadow;

    /// <inheritdoc/>
    public bool SharesVision => original is not null && _mixed.All(name => model.RoleOf(name) == ModelRole.Language);

    /// <inheritdoc/>
    public T Compute<T>(Func<VisionLanguageModel, T> compute)
    {
        using var frozen = no_grad();
        if (original is not null && !_isShadow)
        {
            // What trains goes another way through the kernels than what is frozen; equal models are to give equal bits.
            foreach (Weight weight in original.Weights.Values.Where(weight => weight.IsTrainable))
            {
                model.Weights[weight.Name].ShadowTrainable();
            }
            _isShadow = true;
        }
        return compute(model);
    }

    /// <summary>Draws the reference to the policy: θ_ref = α θ + (1-α) θ_ref (Gorbatovski et al. 2024, TR-DPO, soft update).</summary>
    /// <param name="policy">A model with the same weight names.</param>
    /// <param name="alpha">α, 0 to 1.</param>
    public void MixWith(VisionLanguageModel policy, double alpha)
    {
        using var scope = NewDisposeScope();
        foreach ((string name, Weight weight) in policy.Weights.Where(pair => pair.Value.IsTrainable))
        {
            Tensor own = Writable(name);
            using var frozen = no_grad();
            own.mul_(1 - alpha).add_(weight.Value.detach() * alpha);
        }
    }

    /// <inheritdoc/>
    public void Save(string folder)
    {
        if (_mixed.Count > 0)
        {
            SafetensorsWriter.Write(Path.Combine(folder, FileName), _mixed.Select(name => KeyValuePair.Create(Prefix + name, model.Weights[name].Value.detach())));
        }
    }

    /// <inheritdoc/>
    public void Restore(string folder)
    {
        string path = Path.Combine(folder, FileName);
        if (!File.Exists(path))
        {
            return;
        }
        using var scope = NewDisposeScope();
        using SafetensorsFile file = SafetensorsFile.Open(path);
        foreach ((string key, SafetensorsEntry entry) in file.Entries)
        {
            string name = key.StartsWith(Prefix, StringComparison.Ordinal) ? key[Prefix.Length..] : "";
            if (!model.Weights.TryGetValue(name, out Weight? weight) || entry.Type != ScalarType.Float32 || !entry.Shape.SequenceEqual(weight.Shape))
            {
                throw new InvalidDataException($"'{path}': '{key}' of type {entry.Type} and shape [{string.Join(", ", entry.Shape)}] is no weight of the reference.");
            }
            Tensor own = Writable(name);
            using var frozen = no_grad();
            own.copy_(file.Read(key));
        }
    }

    /// <summary>Frees the model.</summary>
    public void Dispose() => model.Dispose();

    // Frozen weights may lie over the checkpoint's file; what trains is a copy of its own.
    private Tensor Writable(string name)
    {
        Weight own = model.Weights[name];
        own.MakeTrainable();
        _mixed.Add(name);
        return own.Value;
    }
}
