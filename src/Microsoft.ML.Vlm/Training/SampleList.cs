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
    public SampleOrderState OrderState => new(samples.Count);

    /// <inheritdoc/>
    /// <remarks>Never asked: the rows are in memory as they are.</remarks>
    public Func<UInt128, bool>? HasFeatures { get; set; }

    /// <inheritdoc/>
    public void Restore(SampleOrderState state)
    {
    }

    /// <inheritdoc/>
    public IEnumerable<VlmSample> Read(int epoch, long skip)
        => shuffleSeed is int seed
            ? SampleOrder.Shuffle(samples.Count, samples.Count + 1L, seed, epoch).Skip((int)skip).Select(row => samples[row])
            : samples.Skip((int)skip);

    /// <inheritdoc/>
    public IEnumerable<int> ReadLengths(int epoch) => Read(epoch, 0).Select(sample => sample.Tokens.Length);
}
