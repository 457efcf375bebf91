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
    private readonly Action<List<PixelImage>>[] _images;
    private readonly ValueGetter<ReadOnlyMemory<char>> _prompt;
    private readonly ValueGetter<ReadOnlyMemory<char>>? _label;

    /// <summary>Binds to the columns.</summary>
    /// <param name="row">A cursor, or the row of a prediction engine.</param>
    /// <param name="columns">Names; their types have been checked.</param>
    /// <param name="readsLabel">Whether the label is read, if there is one.</param>
    public VlmRowReader(DataViewRow row, VlmColumns columns, bool readsLabel)
    {
        _row = row;
        _columns = columns;
        _images = [.. columns.Images.Select(name => ImageReader(row.Schema[name]))];
        _prompt = row.GetGetter<ReadOnlyMemory<char>>(row.Schema[columns.Prompt]);
        _label = readsLabel && columns.FindLabel(row.Schema) is { } label ? row.GetGetter<ReadOnlyMemory<char>>(label) : null;
    }

    /// <summary>The row as a question and, if there is one, an answer. An empty label counts as none.</summary>
    /// <exception cref="InvalidDataException">An image cannot be decoded, or images and image places differ in number.</exception>
    public VlmExample Read()
    {
        List<PixelImage> images = [];
        foreach (Action<List<PixelImage>> read in _images)
        {
            read(images);
        }
        ReadOnlyMemory<char> prompt = default, label = default;
        _prompt(ref prompt);
        _label?.Invoke(ref label);
        return new VlmExample
        {
            Prompt = [MessageBuilder.FromPrompt(prompt.ToString(), images.Count, _columns.Prompt, _row.Position)],
            Completion = label.IsEmpty ? null : [VlmMessage.FromText("assistant", label.ToString())],
            Images = images,
            PromptColumnName = _columns.Prompt,
            Row = _row.Position,
        };
    }

    private Action<List<PixelImage>> ImageReader(DataViewSchema.Column column)
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
                        images.Add(ImageDecoder.FromMLImage(image));
                    }
                };

            case ImageSequenceDataViewType:
                ValueGetter<ImageSequence> getSequence = _row.GetGetter<ImageSequence>(column);
                ImageSequence sequence = null!;
                return images =>
                {
                    getSequence(ref sequence);
                    images.AddRange(sequence?.Images ?? []);
                };

            default:
                ValueGetter<VBuffer<byte>> getBytes = _row.GetGetter<VBuffer<byte>>(column);
                VBuffer<byte> bytes = default;
                return images =>
                {
                    getBytes(ref bytes);
                    if (bytes.Length > 0)
                    {
                        images.Add(ImageDecoder.Decode(bytes.IsDense ? bytes.GetValues() : bytes.DenseValues().ToArray(), $"row {_row.Position:N0}, column '{column.Name}'"));
                    }
                };
        }
    }
}
