using Microsoft.ML.Vlm.Adapters;
using Microsoft.ML.Vlm.Models;
using static TorchSharp.torch;

namespace Microsoft.ML.Vlm.Dpo;

/// <summary>The reference of a fresh adapter: the policy's own model with the adapter switched off. Takes no memory.</summary>
/// <param name="model">The policy's model; stays the caller's.</param>
/// <param name="adapters">The policy's adapters; stay the caller's.</param>
internal sealed class BaseModelPolicy(VisionLanguageModel model, AdapterSet adapters) : IReferencePolicy
{
    /// <inheritdoc/>
    public bool SharesVision => true;

    /// <inheritdoc/>
    public T Compute<T>(Func<VisionLanguageModel, T> compute)
    {
        using var frozen = no_grad();
        adapters.IsEnabled = false;
        try
        {
            return compute(model);
        }
        finally
        {
            adapters.IsEnabled = true;
        }
    }

    /// <summary>Nothing is owned.</summary>
    public void Dispose()
    {
    }
}
