namespace Microsoft.ML.Vlm.Training;

/// <content>Which rows make a batch, and how they are prepared.</content>
internal sealed partial record TrainingSettings
{
    private const int MostPrefetchThreads = 4;

    /// <summary>The order of rows (<c>train_sampling_strategy</c>). Default random.</summary>
    public SamplingStrategy SamplingStrategy { get; init; }

    /// <summary>Most tokens of a micro-batch, which then takes as many rows as fit, at least one. At least 1; null, the default, goes by <see cref="BatchSize"/>.</summary>
    public int? MaxTokensPerBatch { get; init; }

    /// <summary>Whether a last micro-batch of fewer than <see cref="BatchSize"/> rows is left out (<c>dataloader_drop_last</c>). Default false.</summary>
    public bool DropLast { get; init; }

    /// <summary>Whether the first step takes the longest rows of data that fit the memory, unless their order is sequential. Default true.</summary>
    public bool LongestRowsFirst { get; init; } = true;

    /// <summary>Threads that prepare rows ahead (<c>dataloader_num_workers</c>); 0 prepares them on the training thread. Default the cores, at most 4.</summary>
    public int PrefetchThreads { get; init; } = DefaultPrefetchThreads;

    /// <summary>Most bytes that the features of a frozen vision part may take in memory across batches. At least 0, which keeps none; default 256 MiB.</summary>
    public long FeatureCacheBytes { get; init; } = 256L << 20;

    /// <summary>Folder for features beyond that; null, the default, for none.</summary>
    public string? FeatureCacheDirectory { get; init; }

    /// <summary>Most bytes in that folder. At least 0; default 10 GiB.</summary>
    public long FeatureCacheDiskBytes { get; init; } = 10L << 30;

    /// <summary>The cores, at most 4.</summary>
    public static int DefaultPrefetchThreads { get; } = Math.Min(MostPrefetchThreads, Environment.ProcessorCount);

    /// <summary>Rows of a full optimizer step.</summary>
    public int RowsPerStep => checked(BatchSize * GradientAccumulationSteps);

    /// <summary>Optimizer steps of one pass over the data when micro-batches go by rows; the last window of a pass may be incomplete.</summary>
    /// <param name="rows">Rows of the data.</param>
    public long StepsPerEpoch(long rows) => CeilingDivide(BatchesPerEpoch(rows), GradientAccumulationSteps);

    /// <summary>Micro-batches of one pass over the data when they go by rows.</summary>
    /// <param name="rows">Rows of the data.</param>
    public long BatchesPerEpoch(long rows) => DropLast ? rows / BatchSize : CeilingDivide(rows, BatchSize);

    /// <summary>Optimizer steps of the run. Where batches go by tokens and <see cref="MaxSteps"/> is null, this may read the data to learn the rows' lengths.</summary>
    /// <param name="source">The data.</param>
    /// <exception cref="OverflowException">The epochs ask for more than 2,147,483,647 steps.</exception>
    public int TotalSteps(ISampleSource source)
    {
        if (MaxTokensPerBatch is null || MaxSteps is not null)
        {
            return TotalSteps(source.Count);
        }
        double total = 0;
        for (int epoch = 0; epoch < MaxEpochs; epoch++)
        {
            long batches = MicroBatching.Cut(source.ReadLengths(epoch), length => length, this).LongCount();
            total += Math.Ceiling(Math.Min(1, MaxEpochs - epoch) * CeilingDivide(batches, GradientAccumulationSteps));
        }
        return checked((int)total);
    }

    private void ValidateBatching()
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(MaxTokensPerBatch ?? 1, 1, nameof(MaxTokensPerBatch));
        ArgumentOutOfRangeException.ThrowIfNegative(PrefetchThreads);
        ArgumentOutOfRangeException.ThrowIfNegative(FeatureCacheBytes);
        ArgumentOutOfRangeException.ThrowIfNegative(FeatureCacheDiskBytes);
    }
}
