using Microsoft.ML.Vlm.Processing;

namespace Microsoft.ML.Vlm.Training;

/// <summary>The rows of a training run.</summary>
internal interface ISampleSource
{
    /// <summary>Rows of one epoch.</summary>
    long Count { get; }

    /// <summary>Every row of the data once. The source shuffles by its own seed; the same epoch gives the same order.</summary>
    /// <param name="epoch">Counted from 0.</param>
    IEnumerable<VlmSample> Read(int epoch);
}
