using Microsoft.ML.Data;
using Microsoft.ML.Transforms.Image;
using Microsoft.ML.Vlm.Chat;
using Microsoft.ML.Vlm.Images;
using Microsoft.ML.Vlm.Processing;

namespace Microsoft.ML.Vlm.Components;

/// <summary>Reads the row that a cursor stands on. Column types are looked at once; pixels are copied at once, because images belong to their getter.</summary>
internal sealed class VlmRowReader
{
    private readonly DataViewRow _row;
    private readonly VlmColumns _columns;
    private readonly Action<List<Func<PixelImage>>>[] _images;
    private readonly ValueGetter<ReadOnlyMemory<char>> _source;
    private readonly ValueGetter<ReadOnlyMemory<char>>? _label;
    private readonly ValueGetter<ReadOnlyMemory<char>>? _rejected;
    private long? _firstRow;
    private bool _isConversational;

    /// <summary>Binds to the columns.</summary>
    /// <param name="row">A cursor, or the row of a prediction engine.</param>
    /// <param name="columns">Names; their types have been checked.</param>
    /// <param name="readsLabel">Whether the label is read, if there is one.</param>
    public VlmRowReader(DataViewRow row, VlmColumns columns, bool readsLabel)
    {
        _row = row;
        _columns = columns;
        _images = [.. columns.Images.Select(name => ImageReader(row.Schema[name]))];
        _source = row.GetGetter<ReadOnlyMemory<char>>(row.Schema[columns.Source]);
        _label = readsLabel && columns.FindLabel(row.Schema) is { } label ? row.GetGetter<ReadOnlyMemory<char>>(label) : null;
        _rejected = readsLabel && columns.Rejected is { } rejected ? row.GetGetter<ReadOnlyMemory<char>>(row.Schema[rejected]) : null;
    }

    /// <summary>The row to be trained on: a question and its answer, a whole conversation or a plain text.</summary>
    /// <exception cref="InvalidDataException">
    /// The row has no answer, is a conversation where earlier rows were plain texts (or the reverse), or cannot be read: see <see cref="ReadQuestion"/>.
    /// </exception>
    public VlmExample ReadTraining() => BeginTraining()();

    /// <summary>As <see cref="ReadTraining"/>, in two parts: what belongs to the row is read now; decoding image files is left to the result, which may run on another thread.</summary>
    public Func<VlmExample> BeginTraining()
    {
        List<Func<PixelImage>> images = ReadImages();
        VlmExample example = Checked(Read([]));
        return () => example with { Images = Decode(images) };
    }

    /// <summary>
    /// The row as a question and, if there is one, an answer: the label, or the assistant's turn at the end of a conversation. An empty label counts as none.
    /// </summary>
    /// <exception cref="InvalidDataException">An image cannot be decoded, a conversation is damaged, or images and image places differ in number.</exception>
    public VlmExample ReadQuestion() => Read(Decode(ReadImages())).SplitAnswer();

    /// <summary>The images of the row.</summary>
    /// <exception cref="InvalidDataException">An image cannot be decoded.</exception>
    public IReadOnlyList<PixelImage> ReadPixels() => Decode(ReadImages());

    /// <summary>The texts of the row to be trained on, without its images, which are not decoded.</summary>
    /// <inheritdoc cref="ReadTraining" path="/exception"/>
    public VlmExample ReadTexts() => Checked(Read([]));

    /// <summary>The texts of the row as they are, without its images: answers may be empty.</summary>
    /// <exception cref="InvalidDataException">A conversation is damaged.</exception>
    public VlmExample ReadUncheckedTexts() => Read([]);

    private static string Kind(bool isConversation) => isConversation ? "a conversation" : "a plain text";

    private static List<PixelImage> Decode(List<Func<PixelImage>> images) => [.. images.Select(image => image())];

    private VlmExample Checked(VlmExample example)
    {
        if (_columns.HasLabel && example.Completion is null)
        {
            throw new InvalidDataException($"Row {example.Row:N0}: the {(_rejected is null ? "label" : "answer")} in '{_columns.Label}' is empty, so there is nothing to learn from the row. Filter such rows out.");
        }
        if (_rejected is not null && example.Rejected is null)
        {
            throw new InvalidDataException($"Row {example.Row:N0}: the answer in '{_columns.Rejected}' is empty, so there is nothing to learn from the row. Filter such rows out.");
        }
        if (_firstRow is { } first && _isConversational != example.IsConversation)
        {
            throw new InvalidDataException(
                $"Row {example.Row:N0}: '{_columns.Source}' holds {Kind(example.IsConversation)}, but {Kind(!example.IsConversation)} in row {first:N0}. Give all rows one form.");
        }
        _firstRow ??= example.Row;
        _isConversational = example.IsConversation;
        return example;
    }

    private List<Func<PixelImage>> ReadImages()
    {
        List<Func<PixelImage>> images = [];
        foreach (Action<List<Func<PixelImage>>> read in _images)
        {
            read(images);
        }
        return images;
    }

    private VlmExample Read(List<PixelImage> images)
    {
        ReadOnlyMemory<char> value = default, label = default;
        _source(ref value);
        _label?.Invoke(ref label);
        string source = value.ToString();
        long row = _row.Position;
        if (_rejected is not null)
        {
            ReadOnlyMemory<char> rejected = default;
            _rejected(ref rejected);
            return PreferenceRow.Read(_columns, source, label.ToString(), rejected.ToString(), images, row);
        }
        VlmExample example = new() { Prompt = [], Images = images, PromptColumnName = _columns.Source, Row = row };
        if (_columns.Text is not null)
        {
            return example with { PlainText = source };
        }
        if (_columns.Messages is not null)
        {
            return example with { Prompt = MessageBuilder.FromJson(source, _columns.Messages, row), IsConversation = true };
        }
        if (!MessageBuilder.IsConversation(source))
        {
            return example with
            {
                Prompt = [MessageBuilder.FromUserText(source)],
                Completion = label.IsEmpty ? null : [VlmMessage.FromText("assistant", label.ToString())],
            };
        }
        string answer = label.ToString();
        if (answer.Length > 0 && !MessageBuilder.IsConversation(answer))
        {
            throw new InvalidDataException(
                $"Row {row:N0}: '{_columns.Prompt}' holds a conversation, but '{_columns.Label}' a plain text. Give both as turns, or both as texts.");
        }
        return example with
        {
            Prompt = MessageBuilder.FromJson(source, _columns.Prompt, row),
            Completion = answer.Length > 0 ? MessageBuilder.FromJson(answer, _columns.Label, row) : null,
            IsConversation = true,
        };
    }

    private Action<List<Func<PixelImage>>> ImageReader(DataViewSchema.Column column)
    {
        switch (column.Type)
        {
            case ImageDataViewType:
                ValueGetter<MLImage> getImage = _row.GetGetter<MLImage>(column);
                MLImage image = null!;
                return images =>
                {
                    getImage(ref image);
                    if (image is not null)
                    {
                        PixelImage pixels = ImageDecoder.FromMLImage(image);
                        images.Add(() => pixels);
                    }
                };

            case ImageSequenceDataViewType:
                ValueGetter<ImageSequence> getSequence = _row.GetGetter<ImageSequence>(column);
                ImageSequence sequence = null!;
                return images =>
                {
                    getSequence(ref sequence);
                    images.AddRange(sequence?.Sources ?? []);
                };

            default:
                ValueGetter<VBuffer<byte>> getBytes = _row.GetGetter<VBuffer<byte>>(column);
                VBuffer<byte> bytes = default;
                return images =>
                {
                    getBytes(ref bytes);
                    if (bytes.Length > 0)
                    {
                        byte[] encoded = bytes.IsDense ? bytes.GetValues().ToArray() : [.. bytes.DenseValues()];
                        string name = $"row {_row.Position:N0}, column '{column.Name}'";
                        images.Add(() => ImageDecoder.Decode(encoded, name));
                    }
                };
        }
    }
}
