namespace Microsoft.ML.Vlm;

/// <content>Which rows make a batch, and how they are prepared.</content>
public abstract partial class VlmTrainingOptions
{
    private const long DefaultFeatureCacheBytes = 256L << 20;
    private const long DefaultFeatureCacheDiskBytes = 10L << 30;

    /// <summary>In which order rows are trained on (<c>train_sampling_strategy</c>). Default <see cref="SamplingStrategy.Random"/>.</summary>
    public SamplingStrategy SamplingStrategy { get; set; }

    /// <summary>
    /// Most tokens of a batch, image places included: a batch takes as many rows as fit, at least one, instead of <see cref="BatchSize"/> rows. Batches have no padding, so tokens
    /// are what a batch costs. At least 1; null, the default, goes by <see cref="BatchSize"/>.
    /// </summary>
    public int? MaxTokensPerBatch { get; set; }

    /// <summary>
    /// Whether the last batch of an epoch is left out when it is short of <see cref="BatchSize"/> rows (<c>dataloader_drop_last</c>). Default false. Unused with
    /// <see cref="MaxTokensPerBatch"/>, which knows no short batch.
    /// </summary>
    public bool DropLast { get; set; }

    /// <summary>
    /// Whether the first optimizer step takes the longest rows of the data, so that a run which fits the memory in its first step fits it always. Default true. Applies to random and
    /// length-grouped order of data whose prepared rows fit the memory; the other rows keep their order.
    /// </summary>
    public bool LongestRowsFirst { get; set; } = true;

    /// <summary>
    /// Threads that decode, resize and tokenize the next rows while the model computes (<c>dataloader_num_workers</c>); 0 prepares rows on the training thread.
    /// Null, the default, is the number of cores, at most 4. The result does not depend on it.
    /// </summary>
    public int? PrefetchThreads { get; set; }

    /// <summary>
    /// Most bytes of memory for the features of images, which a frozen vision part computes once for all epochs. At least 0, which keeps none in memory; default 256 MiB. A tile of
    /// a 256M SmolVLM takes 147 KB in float32. Nothing is kept where the vision part trains or is adapted.
    /// </summary>
    public long FeatureCacheBytes { get; set; } = DefaultFeatureCacheBytes;

    /// <summary>
    /// Folder for the features that do not fit <see cref="FeatureCacheBytes"/>; a later run with the same images and vision weights reads them from there. May be shared by runs.
    /// Null, the default, keeps none on disk.
    /// </summary>
    public string? FeatureCacheDirectory { get; set; }

    /// <summary>Most bytes of files in <see cref="FeatureCacheDirectory"/>. At least 0; default 10 GiB.</summary>
    public long FeatureCacheDiskBytes { get; set; } = DefaultFeatureCacheDiskBytes;

    private void ValidateBatching()
    {
        if (!Enum.IsDefined(SamplingStrategy))
        {
            throw new ArgumentOutOfRangeException(nameof(SamplingStrategy), SamplingStrategy, "Not a sampling strategy of this library.");
        }
        AtLeast(MaxTokensPerBatch ?? 1, 1, nameof(MaxTokensPerBatch));
        Within(PrefetchThreads ?? 0, 0, 256, nameof(PrefetchThreads));
        AtLeast(FeatureCacheBytes, 0, nameof(FeatureCacheBytes));
        AtLeast(FeatureCacheDiskBytes, 0, nameof(FeatureCacheDiskBytes));
        if (File.Exists(FeatureCacheDirectory))
        {
            throw new ArgumentException($"FeatureCacheDirectory '{FeatureCacheDirectory}' is a file; name a folder.", nameof(FeatureCacheDirectory));
        }
    }
}
