namespace Microsoft.ML.Vlm;

/// <summary>In which order rows are trained on (<c>train_sampling_strategy</c>).</summary>
public enum SamplingStrategy
{
    /// <summary>
    /// In random order, another one each epoch (<c>random</c>). Rows that do not fit the memory are drawn from a pool of those that do, which moves through the data.
    /// </summary>
    Random,

    /// <summary>In the order of the data (<c>sequential</c>).</summary>
    Sequential,

    /// <summary>
    /// In random order, but with rows of similar length together (<c>group_by_length</c>), as transformers' <c>LengthGroupedSampler</c> does: up to 50 optimizer steps' rows
    /// at a time are sorted by their number of tokens, the longest first. Batches have no padding here, so this evens out the memory of steps rather than saving work.
    /// Data that do not fit the memory are read once more at the start, to learn the lengths.
    /// </summary>
    GroupByLength,
}
