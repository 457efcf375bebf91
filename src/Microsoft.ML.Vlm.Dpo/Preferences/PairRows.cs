using Microsoft.ML.Vlm.Images;
using Microsoft.ML.Vlm.Processing;

namespace Microsoft.ML.Vlm.Dpo;

/// <summary>Pairs of a better and a worse answer.</summary>
/// <param name="processor">The policy's.</param>
/// <param name="lint">What was found in their texts.</param>
internal sealed class PairRows(VlmProcessor processor, PairLint lint) : IPreferenceRows
{
    /// <inheritdoc/>
    public IEnumerable<string> Remarks => lint.Remarks();

    /// <inheritdoc/>
    public IReadOnlyDictionary<string, string> Fingerprint { get; } = new Dictionary<string, string>();

    /// <inheritdoc/>
    public VlmSample Create(VlmExample example, ImageProcessor images, bool withSamples) => PreferencePair.Create(processor, example, images, withSamples);
}
