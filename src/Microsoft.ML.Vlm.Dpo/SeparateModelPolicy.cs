using Microsoft.ML.Vlm.Models;
using static TorchSharp.torch;

namespace Microsoft.ML.Vlm.Dpo;

/// <summary>A reference that is a model of its own: that of full fine-tuning, or one that the user gave.</summary>
/// <param name="model">The reference; taken over.</param>
/// <param name="sharesVision">Whether its vision part has the weights of the policy's.</param>
internal sealed class SeparateModelPolicy(VisionLanguageModel model, bool sharesVision) : IReferencePolicy
{
    /// <inheritdoc/>
    public bool SharesVision => sharesVision;

    /// <inheritdoc/>
    public T Compute<T>(Func<VisionLanguageModel, T> compute)
    {
        using var frozen = no_grad();
        return compute(model);
    }

    /// <summary>Frees the model.</summary>
    public void Dispose() => model.Dispose();
}
