namespace Microsoft.ML.Vlm;

/// <summary>How data is found, which of its columns are what, and what happens to corrupt images. The names in brackets are TRL's or datasets'.</summary>
public sealed class VlmDataOptions
{
    /// <summary>
    /// What columns are: from a column of the data, or a field in it (<c>reward_model.ground_truth</c>), to <c>Prompt</c>, <c>Label</c>, <c>Image</c>, <c>Messages</c>, <c>Text</c>,
    /// <c>Chosen</c> or <c>Rejected</c>, TRL's words <c>completion</c> and <c>images</c> included, or to any other name. Of a list of texts the first becomes the prompt or label. Several columns may
    /// be <c>Image</c>; their images follow the order of the columns. Empty, the default, recognizes the layouts of known data sets; as soon as a text is mapped, texts are not
    /// recognized any more, and as soon as an image is, images are not.
    /// </summary>
    public IDictionary<string, string> ColumnMapping { get; } = new Dictionary<string, string>(StringComparer.Ordinal);

    /// <summary>Columns of the data that are looked at (<c>columns</c>), so that others neither count for its layout nor are passed through. Empty, the default, for all.</summary>
    public IReadOnlyList<string> Columns { get; set; } = [];

    /// <summary>Folder that paths of images are relative to and may not leave. Null, the default, is the folder of the data file.</summary>
    public string? ImageFolder { get; set; }

    /// <summary>
    /// The part of a data set to read (<c>dataset_train_split</c>), such as <c>train</c>, <c>val</c> or <c>test</c>; <c>val</c>, <c>valid</c>, <c>dev</c> and <c>validation</c> find each
    /// other. Null, the default, is <c>train</c> where the data has such parts. Only for folders and ids.
    /// </summary>
    public string? Split { get; set; }

    /// <summary>The configuration of a data set that has several (<c>dataset_config</c>); null, the default, is the one that is marked as default, or the only one.</summary>
    public string? Configuration { get; set; }

    /// <summary>Rows that are read, from the first on; at least 1. Null, the default, reads all.</summary>
    public long? MaxRows { get; set; }

    /// <summary>What happens to rows whose image is missing, truncated or corrupt. Default <see cref="CorruptImagePolicy.Fail"/>.</summary>
    public CorruptImagePolicy CorruptImages { get; set; } = CorruptImagePolicy.Fail;

    /// <summary>File that <see cref="CorruptImagePolicy.Quarantine"/> writes, JSON a line: row, place, reason and the row's texts. Default <c>rejected_rows.jsonl</c> in the current folder.</summary>
    public string QuarantinePath { get; set; } = "rejected_rows.jsonl";

    /// <summary>Called for each row that is left out because of its image, once. Null, the default, for none; the log lists them anyway.</summary>
    public Action<VlmRejectedRow>? RejectedRowCallback { get; set; }

    /// <summary>How the hub is reached for data that is named by its id; null, the default, takes all from the environment.</summary>
    public HubOptions? Hub { get; set; }

    /// <summary>Throws for a value out of its range.</summary>
    /// <exception cref="ArgumentException">Names the option, its value and its range.</exception>
    public void Validate()
    {
        if (MaxRows is { } rows)
        {
            ArgumentOutOfRangeException.ThrowIfLessThan(rows, 1, nameof(MaxRows));
        }
        if (!Enum.IsDefined(CorruptImages))
        {
            throw new ArgumentOutOfRangeException(nameof(CorruptImages), CorruptImages, "Not a policy of this library.");
        }
        ArgumentNullException.ThrowIfNull(Columns);
        ArgumentException.ThrowIfNullOrWhiteSpace(QuarantinePath);
        if (ColumnMapping.FirstOrDefault(pair => string.IsNullOrWhiteSpace(pair.Key) || string.IsNullOrWhiteSpace(pair.Value)) is { Key: not null } empty)
        {
            throw new ArgumentException($"ColumnMapping has an entry without a name: '{empty.Key}' to '{empty.Value}'.", nameof(ColumnMapping));
        }
    }
}
