using System.Collections.Concurrent;
using System.Globalization;
using Microsoft.ML.Vlm.Images;

namespace Microsoft.ML.Vlm.Processing;

/// <summary>Prepares rows for training: the mask, and what is done about rows that are too long. For several threads.</summary>
/// <param name="processor">Of the model.</param>
/// <param name="create">Prepares a row with an image processing, with or without the samples of its images.</param>
/// <param name="maxLength">Most tokens of a row; null for no limit.</param>
/// <param name="policy">What is done about longer rows.</param>
internal sealed class TrainingRows(VlmProcessor processor, Func<VlmExample, ImageProcessor, bool, VlmSample> create, int? maxLength, OverLongPolicy policy)
{
    private const int ListedRows = 20;

    private readonly ConcurrentDictionary<long, OverLongRow> _changed = [];

    /// <summary>Rows of supervised fine-tuning.</summary>
    /// <param name="processor">Of the model.</param>
    /// <param name="masking">What is trained on.</param>
    /// <param name="maxLength">Most tokens of a row; null for no limit.</param>
    /// <param name="policy">What is done about longer rows.</param>
    public TrainingRows(VlmProcessor processor, LabelMasking masking, int? maxLength, OverLongPolicy policy)
        : this(processor, (example, images, withSamples) => processor.CreateTraining(example, masking, images, withSamples), maxLength, policy)
    {
    }

    /// <summary>Whether rows have to be measured before training, because some may be left out.</summary>
    public bool DropsRows => maxLength is not null && policy == OverLongPolicy.DropRow;

    /// <summary>Rows that were too long and what became of them, in order.</summary>
    public IReadOnlyList<OverLongRow> Changed => [.. _changed.Values.OrderBy(row => row.Row)];

    /// <summary>A row as it is, without the samples of its images: for lengths and masks.</summary>
    /// <exception cref="InvalidDataException">The row cannot be processed; names it.</exception>
    public VlmSample Measure(VlmExample example) => create(example, processor.Images, false);

    /// <summary>Whether a measured row is left out; notes it if so.</summary>
    public bool Drops(VlmSample measured)
    {
        bool drops = DropsRows && measured.LongestRow > maxLength;
        if (drops)
        {
            _changed[measured.Row] = new OverLongRow(measured.Row, measured.LongestRow, 0);
        }
        return drops;
    }

    /// <summary>The row as the model reads it, at most as long as allowed.</summary>
    /// <param name="example">The row.</param>
    /// <param name="withSamples">False for a row that is only measured: its images have no samples.</param>
    /// <exception cref="InvalidDataException">The row cannot be processed, or is too long and the policy cannot help; names row, length and remedy.</exception>
    public VlmSample Create(VlmExample example, bool withSamples = true)
    {
        VlmSample sample = create(example, processor.Images, withSamples);
        if (sample.LongestRow <= (maxLength ?? int.MaxValue))
        {
            return sample;
        }
        VlmSample? shorter = policy switch
        {
            OverLongPolicy.TrimText => TrimText(example, sample.LongestRow, withSamples),
            OverLongPolicy.ShrinkImage => ShrinkImages(example, withSamples),
            _ => null,
        };
        if (shorter is null)
        {
            throw TooLong(sample);
        }
        _changed[example.Row] = new OverLongRow(example.Row, sample.LongestRow, shorter.LongestRow);
        return shorter;
    }

    /// <summary>What became of rows that were too long, for the log; null when there was none.</summary>
    public string? Describe()
    {
        IReadOnlyList<OverLongRow> rows = Changed;
        if (rows.Count == 0)
        {
            return null;
        }
        string fate = policy switch
        {
            OverLongPolicy.DropRow => "left out",
            OverLongPolicy.TrimText => "given shorter texts",
            _ => "given smaller images",
        };
        string list = string.Join(", ", rows.Take(ListedRows).Select(row => string.Create(
            CultureInfo.InvariantCulture, $"{row.Row} ({row.Tokens}{(row.KeptTokens > 0 ? $" to {row.KeptTokens}" : "")})")));
        string more = rows.Count > ListedRows ? $" and {rows.Count - ListedRows} more" : "";
        return $"{rows.Count} rows with more than {maxLength} tokens (MaxLength) were {fate}; row (tokens): {list}{more}.";
    }

    private VlmSample? TrimText(VlmExample example, int length, bool withSamples)
    {
        while (TextTrimmer.Trim(example, length - maxLength!.Value, processor.Tokenizer) is { } shorter)
        {
            example = shorter;
            length = Measure(shorter).LongestRow;
            if (length <= maxLength)
            {
                return create(shorter, processor.Images, withSamples);
            }
        }
        return null;
    }

    private VlmSample? ShrinkImages(VlmExample example, bool withSamples)
    {
        if (example.Images.Count == 0)
        {
            return null;
        }
        for (ImageProcessor? images = processor.Images.Smaller(); images is not null; images = images.Smaller())
        {
            if (create(example, images, false).LongestRow <= maxLength)
            {
                return create(example, images, withSamples);
            }
        }
        return null;
    }

    private InvalidDataException TooLong(VlmSample sample)
    {
        int inImages = sample.Spans.Sum(span => span.Length), targets = sample.TargetCount;
        string remedy = policy switch
        {
            OverLongPolicy.TrimText => "Its images and the assistant's turns alone are too long; raise MaxLength, or make its images smaller.",
            OverLongPolicy.ShrinkImage => "It is too long even with one tile an image; raise MaxLength, or shorten its texts.",
            _ => "Raise MaxLength, or choose what OverLong does with such rows: DropRow, TrimText or ShrinkImage.",
        };
        return new InvalidDataException(string.Create(
            CultureInfo.InvariantCulture,
            $"Row {sample.Row:N0}: {sample.LongestRow} tokens ({inImages} of images, {targets} trained), more than MaxLength {maxLength}. {remedy}"));
    }
}
