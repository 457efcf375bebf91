using Microsoft.ML.Vlm.Processing;

namespace Microsoft.ML.Vlm.Training;

/// <summary>The rows of a training run.</summary>
internal interface ISampleSource
{
    /// <summary>Rows of one epoch.</summary>
    long Count { get; }

    /// <summary>What the order follows from besides the source's seed. Known once a row has been read, or from <see cref="Restore"/>.</summary>
    SampleOrderState OrderState { get; }

    /// <summary>Takes over what an earlier run's order followed from; call it before the first row is read.</summary>
    /// <param name="state">The earlier run's <see cref="OrderState"/> over the same data.</param>
    void Restore(SampleOrderState state);

    /// <summary>Every row of the data once, from a position on. The source shuffles by its own seed; the same epoch gives the same order.</summary>
    /// <param name="epoch">Counted from 0.</param>
    /// <param name="skip">Rows to leave out at the start. They are passed over: neither their images nor their texts are prepared.</param>
    IEnumerable<VlmSample> Read(int epoch, long skip);
}
