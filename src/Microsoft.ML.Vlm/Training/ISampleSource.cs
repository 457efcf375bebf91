using Microsoft.ML.Vlm.Processing;

namespace Microsoft.ML.Vlm.Training;

/// <summary>The rows of a training run.</summary>
internal interface ISampleSource
{
    /// <summary>Rows of one epoch.</summary>
    long Count { get; }

    /// <summary>What the order follows from besides the settings. Known once a row has been read, or from <see cref="Restore"/>.</summary>
    SampleOrderState OrderState { get; }

    /// <summary>
    /// Tells by the content hash of an image whether its features are kept, so that its pixels are not needed again: a row all of whose images are known may be given
    /// without them (<see cref="Images.ImageTiles.HasSamples"/>). Null, the default, gives every row with its pixels. Asked on any thread; what was kept once has to stay.
    /// </summary>
    Func<UInt128, bool>? HasFeatures { get; set; }

    /// <summary>Takes over what an earlier run's order followed from; call it before the first row is read.</summary>
    /// <param name="state">The earlier run's <see cref="OrderState"/> over the same data.</param>
    void Restore(SampleOrderState state);

    /// <summary>Every row of the data once, from a position on. The source shuffles by its own seed; the same epoch gives the same order.</summary>
    /// <param name="epoch">Counted from 0.</param>
    /// <param name="skip">Rows to leave out at the start. They are passed over: neither their images nor their texts are prepared.</param>
    IEnumerable<VlmSample> Read(int epoch, long skip);

    /// <summary>Tokens of every row, in the order of an epoch. Reads the data when nothing else tells.</summary>
    /// <param name="epoch">Counted from 0.</param>
    IEnumerable<int> ReadLengths(int epoch);
}
