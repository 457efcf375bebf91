using Microsoft.ML.Vlm.Processing;

namespace Microsoft.ML.Vlm.Training;

/// <summary>Rows that are in memory already.</summary>
/// <param name="samples">The rows.</param>
/// <param name="shuffleSeed">Seed of the order, another one each epoch; null keeps the order of the list.</param>
internal sealed class SampleList(IReadOnlyList<VlmSample> samples, int? shuffleSeed = null) : ISampleSource
{
    /// <inheritdoc/>
    public long Count => samples.Count;

    /// <inheritdoc/>
    public IEnumerable<VlmSample> Read(int epoch)
    {
        if (shuffleSeed is not int seed)
        {
            return samples;
        }
        VlmSample[] shuffled = [.. samples];
        new Random(unchecked((seed * 1_000_003) + epoch)).Shuffle(shuffled);
        return shuffled;
    }
}
