using Microsoft.ML.Vlm.Models;
using static TorchSharp.torch;

namespace Microsoft.ML.Vlm.Dpo;

/// <summary>A reference that is a model of its own: that of full fine-tuning, or one that the user gave.</summary>
/// <param name="model">The reference; taken over.</param>
/// <param name="sharesVision">Whether its vision part has the weights of the policy's.</param>
internal sealed class SeparateModelPolicy(VisionLanguageModel model, bool sharesVision) : IReferencePolicy
{
    /// <inheritdoc/>
    public bool SharesVision { get; private set; } = sharesVision;

    /// <inheritdoc/>
    public T Compute<T>(Func<VisionLanguageModel, T> compute)
    {
        using var frozen = no_grad();
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
            // Frozen weights may lie over the checkpoint's file; what trains is a copy of its own.
            Weight own = model.Weights[name];
            own.MakeTrainable();
            using var frozen = no_grad();
            own.Value.mul_(1 - alpha).add_(weight.Value.detach() * alpha);
            SharesVision &= policy.RoleOf(name) == ModelRole.Language;
        }
    }

    /// <summary>Frees the model.</summary>
    public void Dispose() => model.Dispose();
}
