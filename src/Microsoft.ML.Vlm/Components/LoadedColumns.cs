using Microsoft.ML.Data;
using Microsoft.ML.Vlm.Data;
using Microsoft.ML.Vlm.Images;

namespace Microsoft.ML.Vlm.Components;

/// <summary>Columns of loaded data: their types, and getters of their values.</summary>
internal static class LoadedColumns
{
    /// <summary>The schema.</summary>
    public static DataViewSchema SchemaOf(ColumnMap map)
    {
        DataViewSchema.Builder builder = new();
        foreach (MappedColumn column in map.Columns)
        {
            builder.AddColumn(column.Name, TypeOf(column.Form));
        }
        return builder.ToSchema();
    }

    /// <summary>A getter of a column, a delegate of the type that the column's type asks for.</summary>
    /// <param name="column">The column.</param>
    /// <param name="rows">The data.</param>
    /// <param name="reader">Stands on the current row.</param>
    /// <param name="row">Gives the current row's number, and throws when there is none.</param>
    public static Delegate Getter(MappedColumn column, LoadedRows rows, IRowReader reader, Func<long> row)
    {
        FieldPath source = column.Sources[0];
        object? Value() => source.ValueIn(reader.Read(source.Field));
        T Read<T>(Func<object?, T> convert) => Guarded(column, reader, row(), () => convert(Value()));
        return column.Form switch
        {
            ColumnForm.Text => Text(() => Read(value => ColumnValues.ToText(value, source.Type.ClassNames))),
            ColumnForm.Turns => Text(() => Read(ColumnValues.ToTurns)),
            ColumnForm.TurnsWithPlaces => Text(() => Read(ColumnValues.ToTurnsWithPlaces)),
            ColumnForm.AnswerTurn => Text(() => Read(ColumnValues.ToAnswerTurn)),
            ColumnForm.Json => Text(() => Read(value => value is null ? "" : JsonValues.ToJson(value))),
            ColumnForm.Number => (ValueGetter<double>)((ref double value) => value = Read(ColumnValues.ToNumber)),
            ColumnForm.Boolean => (ValueGetter<bool>)((ref bool value) => value = Read(read => read is true)),
            ColumnForm.Texts => Vector(() => Read(value => ColumnValues.ToTexts(value).Select(text => text.AsMemory()).ToArray())),
            ColumnForm.Numbers => Vector(() => Read(value => (value as List<object?>)?.Select(ColumnValues.ToNumber).ToArray() ?? [])),
            ColumnForm.Bytes => Vector(() => Read(value => value as byte[] ?? [])),
            _ => (ValueGetter<ImageSequence>)((ref ImageSequence value) =>
            {
                long current = row();
                value = new ImageSequence(Guarded(column, reader, current, () => Images(column, rows.ImageFolder, reader, current)));
            }),
        };
    }

    private static DataViewType TypeOf(ColumnForm form) => form switch
    {
        ColumnForm.Number => NumberDataViewType.Double,
        ColumnForm.Boolean => BooleanDataViewType.Instance,
        ColumnForm.Texts => new VectorDataViewType(TextDataViewType.Instance),
        ColumnForm.Numbers => new VectorDataViewType(NumberDataViewType.Double),
        ColumnForm.Bytes => new VectorDataViewType(NumberDataViewType.Byte),
        ColumnForm.Images => ImageSequenceDataViewType.Instance,
        _ => TextDataViewType.Instance,
    };

    private static ValueGetter<ReadOnlyMemory<char>> Text(Func<string> read) => (ref ReadOnlyMemory<char> value) => value = read().AsMemory();

    private static ValueGetter<VBuffer<T>> Vector<T>(Func<T[]> read) => (ref VBuffer<T> value) =>
    {
        T[] values = read();
        value = new VBuffer<T>(values.Length, values);
    };

    private static T Guarded<T>(MappedColumn column, IRowReader reader, long row, Func<T> read)
    {
        try
        {
            return read();
        }
        catch (Exception error) when (error is InvalidDataException or NotSupportedException)
        {
            string message = $"Row {row:N0} ({reader.Place}), '{string.Join(", ", column.Sources)}': {error.Message}";
            throw error is NotSupportedException ? new NotSupportedException(message, error) : new InvalidDataException(message, error);
        }
    }

    private static Func<PixelImage>[] Images(MappedColumn column, string? folder, IRowReader reader, long row)
    {
        string place = $"row {row:N0} ({reader.Place}), column";
        return
        [
            .. column.Sources.SelectMany(source => ColumnValues.ToImages(source.ValueIn(reader.Read(source.Field))).Select(image => Decoder(image, folder, $"{place} '{source}'"))),
        ];
    }

    private static Func<PixelImage> Decoder(ImageReference image, string? folder, string place)
    {
        if (image.Bytes is { } bytes)
        {
            // The decoder puts the name in quotes, which end behind the column's.
            string name = (image.Path is null ? place : $"{image.Path}', {place}").TrimEnd('\'');
            return () => ImageDecoder.Decode(bytes, name);
        }
        string path = FolderPath.Resolve(
            folder ?? throw new InvalidDataException($"There is no folder that the image file '{image.Path}' could be in. Set VlmDataOptions.ImageFolder."), image.Path!);
        return () =>
        {
            try
            {
                return ImageDecoder.Read(path);
            }
            catch (Exception error) when (error is InvalidDataException or IOException or UnauthorizedAccessException)
            {
                string remedy = error is FileNotFoundException ? $" Paths count from the image folder '{folder}'; VlmDataOptions.ImageFolder names another one." : "";
                throw new InvalidDataException($"{char.ToUpperInvariant(place[0])}{place[1..]}: {error.Message}{remedy}", error);
            }
        };
    }
}
