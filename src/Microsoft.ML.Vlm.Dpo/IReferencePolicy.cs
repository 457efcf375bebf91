using Microsoft.ML.Vlm.Models;

namespace Microsoft.ML.Vlm.Dpo;

/// <summary>What the policy is compared with. It never trains.</summary>
internal interface IReferencePolicy : IDisposable
{
    /// <summary>Whether the reference's vision part is the policy's, so that the features of a frozen one serve both.</summary>
    bool SharesVision { get; }

    /// <summary>Computes with the reference. The policy is what it was before when this returns.</summary>
    /// <param name="compute">Gets the model that stands for the reference; no gradients are recorded.</param>
    T Compute<T>(Func<VisionLanguageModel, T> compute);
}
