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

    /// <summary>A number that equals another reference's only if their weights and adapters do. Reads all of them.</summary>
    UInt128 Hash() => Compute(model => WeightHash.Of(model, _ => true));

    /// <summary>Writes into a checkpoint what has changed in the reference since the run began; nothing by default.</summary>
    /// <param name="folder">The checkpoint that is being written.</param>
    void Save(string folder)
    {
    }

    /// <summary>Takes up what <see cref="Save"/> wrote.</summary>
    /// <param name="folder">A checkpoint that is whole.</param>
    /// <exception cref="InvalidDataException">It does not fit the reference.</exception>
    void Restore(string folder)
    {
    }
}
