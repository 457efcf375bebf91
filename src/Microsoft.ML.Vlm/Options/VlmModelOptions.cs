namespace Microsoft.ML.Vlm;

/// <summary>What every use of a model needs: where it is, which columns it reads and adds, how it answers. The names in brackets are those of TRL and transformers.</summary>
public abstract partial class VlmModelOptions
{
    internal const long DefaultScoringFeatureCacheBytes = 64L << 20;

    private protected VlmModelOptions()
    {
    }

    /// <summary>
    /// Folder of the model in Hugging Face's layout, or the id of a repository of the hub, <c>org/name</c> or <c>org/name@revision</c>
    /// (<c>model_name_or_path</c>, <c>model_revision</c>), whose files then come into the cache that is shared with Python. A folder that exists wins. It is read, never written.
    /// </summary>
    public required string ModelPath { get; set; }

    /// <summary>Changes of the checkpoint's image processing; null, the default, changes nothing.</summary>
    public ImageOptions? Images { get; set; }

    /// <summary>Number format of the base model (<c>dtype</c>, <c>bf16</c>); null, the default, is that of the checkpoint.</summary>
    public VlmPrecision? Precision { get; set; }

    /// <summary>
    /// Input column with the image of a row: an image (<c>LoadImages</c>), an image sequence, or the bytes of an image file (<c>LoadRawImageBytes</c>).
    /// A row may be without image. Default <c>Image</c>.
    /// </summary>
    public string ImageColumnName { get; set; } = "Image";

    /// <summary>Several image columns, in the order of their places in the prompt; empty for text alone. Null, the default, is <see cref="ImageColumnName"/>.</summary>
    public IReadOnlyList<string>? ImageColumnNames { get; set; }

    /// <summary>
    /// Input text column with conversations as JSON in TRL's shape (<c>messages</c>), such as
    /// <c>[{"role": "user", "content": "..."}, {"role": "assistant", "content": "..."}]</c>; contents may be parts <c>{"type": "text", "text": "..."}</c> and
    /// <c>{"type": "image"}</c>. Training learns the assistant's turns (see <see cref="LabelMasking"/>); prediction answers the last turn, or scores the one the
    /// assistant has there. Null, the default, reads <see cref="PromptColumnName"/> and <see cref="LabelColumnName"/>, which are unused otherwise.
    /// </summary>
    public string? MessagesColumnName { get; set; }

    /// <summary>
    /// Input text column with texts that are read as they are, without chat template (<c>dataset_text_field</c>); <c>&lt;image&gt;</c> marks the place of each
    /// image, and the tokenizer's end token is added where it is missing. Training learns the whole text; prediction goes on writing it. Null, the default,
    /// reads the other columns.
    /// </summary>
    public string? TextColumnName { get; set; }

    /// <summary>
    /// Input text column with the question. <c>&lt;image&gt;</c> in it marks the place of the next image; without marks all images come first.
    /// A conversation as JSON, in the shape of <see cref="MessagesColumnName"/>, works too; then the label is one as well. Default <c>Prompt</c>.
    /// </summary>
    public string PromptColumnName { get; set; } = "Prompt";

    /// <summary>Input text column with the right answer, which data to predict on need not have. Default <c>Label</c>.</summary>
    public string LabelColumnName { get; set; } = "Label";

    /// <summary>Output text column of the transformer with the generated answer; null for none, which saves the generation. Default <c>Response</c>.</summary>
    public string? OutputColumnName { get; set; } = "Response";

    /// <summary>
    /// Output number column of the transformer: mean log-probability of the label's tokens where the data has a label, else of the response's. Null for none.
    /// Default <c>Score</c>.
    /// </summary>
    public string? ScoreColumnName { get; set; } = "Score";

    /// <summary>How the transformer's output column is generated. Default: greedy, at most 64 tokens.</summary>
    public GenerationOptions Generation { get; set; } = new();

    /// <summary>Rows the transformer computes at once (<c>per_device_eval_batch_size</c>). At least 1; default 8.</summary>
    public int ScoringBatchSize { get; set; } = 8;

    /// <summary>
    /// Most bytes of memory in which the transformer keeps the features of the images that it looked at last: a further question about one of them, the next turn of a chat, or the score
    /// of an answer then needs no pass through the vision tower, and gives the same bits. At least 0, which keeps nothing; default 64 MiB. An image of 17 tiles takes 2.5 MB with a
    /// SmolVLM of 256M in float32.
    /// </summary>
    public long ScoringFeatureCacheBytes { get; set; } = DefaultScoringFeatureCacheBytes;

    /// <summary>
    /// Whether saving the transformer puts the base model into the zip, which then needs nothing beside it. Default false: the zip refers to
    /// <see cref="ModelPath"/> by path and hash. A fully fine-tuned model is always embedded.
    /// </summary>
    public bool EmbedBaseModel { get; set; }

    /// <summary>Throws for a value out of its range.</summary>
    /// <exception cref="ArgumentException">Names the option, its value and its range.</exception>
    public virtual void Validate()
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(ModelPath);
        Images?.Validate();
        Quantization?.Validate();
        ValidateDevice();
        ArgumentNullException.ThrowIfNull(Generation);
        Generation.Validate();
        ArgumentOutOfRangeException.ThrowIfLessThan(ScoringBatchSize, 1);
        ArgumentOutOfRangeException.ThrowIfNegative(ScoringFeatureCacheBytes);
        if (Precision is { } precision && !Enum.IsDefined(precision))
        {
            throw new ArgumentOutOfRangeException(nameof(Precision), Precision, "Not a number format of this library.");
        }
    }
}
