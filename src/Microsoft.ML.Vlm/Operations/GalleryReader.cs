using Microsoft.ML.Data;
using Microsoft.ML.Vlm.Components;
using Microsoft.ML.Vlm.Data;
using Microsoft.ML.Vlm.Images;

namespace Microsoft.ML.Vlm;

/// <summary>Reads rows to be looked at.</summary>
internal static class GalleryReader
{
    private const int PictureEdge = 320;

    private static readonly HashSet<string> s_roles =
    [
        ColumnRoles.Prompt, ColumnRoles.Messages, ColumnRoles.Text, ColumnRoles.Label, ColumnRoles.Chosen, ColumnRoles.Rejected, DefaultColumnNames.Score, "Response",
    ];

    /// <summary>The first rows of data.</summary>
    /// <param name="data">With images, texts, numbers.</param>
    /// <param name="rows">Most rows.</param>
    /// <param name="columns">Columns of texts and numbers; null for those that matter.</param>
    /// <param name="checkAlive">Called for each row; throws to cancel.</param>
    /// <exception cref="ArgumentOutOfRangeException">A column is missing, or holds something else.</exception>
    /// <exception cref="InvalidOperationException">There is no text.</exception>
    public static VlmGallery Read(IDataView data, int rows, IReadOnlyList<string>? columns, Action checkAlive)
    {
        IReadOnlyList<string> images = EvaluatedColumns.ImagesOf(data.Schema);
        DataViewSchema.Column[] shown = columns is null ? Usual(data.Schema) : [.. columns.Select(name => AnswerColumns.Find(data.Schema, "shown", name))];
        string text = shown.Concat(data.Schema.Where(column => !column.IsHidden)).Where(column => column.Type is TextDataViewType).Select(column => column.Name).FirstOrDefault()
            ?? throw new InvalidOperationException($"The data has no text column to show beside its images; it has {string.Join(", ", data.Schema.Select(column => $"{column.Name} ({column.Type})"))}.");
        List<(long Row, IReadOnlyList<byte[]> Pictures, IReadOnlyList<string> Texts)> read = [];
        using DataViewRowCursor cursor = data.GetRowCursor(images.Append(text).Select(name => data.Schema[name]).Concat(shown).DistinctBy(column => column.Index));
        VlmRowReader pictures = new(cursor, new VlmColumns { Images = images, Prompt = text, Label = "" }, readsLabel: false);
        Func<string>[] texts = [.. shown.Select(column => TextReader(cursor, column))];
        while (read.Count < rows && cursor.MoveNext())
        {
            checkAlive();
            read.Add((cursor.Position, [.. pictures.ReadPixels().Select(image => ImageEncoder.ToPng(image, PictureEdge))], [.. texts.Select(value => value())]));
        }
        return new VlmGallery([.. shown.Select(column => column.Name)], read);
    }

    // Where data was loaded by roles, or answered, its other columns mostly say the same again.
    private static DataViewSchema.Column[] Usual(DataViewSchema schema)
    {
        DataViewSchema.Column[] all = [.. schema.Where(column => !column.IsHidden && IsShown(column.Type))];
        DataViewSchema.Column[] roles = [.. all.Where(column => s_roles.Contains(column.Name))];
        return roles.Any(column => column.Name is ColumnRoles.Prompt or ColumnRoles.Messages or ColumnRoles.Text or ColumnRoles.Chosen) ? roles : all;
    }

    private static bool IsShown(DataViewType type) => type is TextDataViewType or BooleanDataViewType or VectorDataViewType { ItemType: TextDataViewType }
        || (type is NumberDataViewType && (type.RawType == typeof(float) || type.RawType == typeof(double) || type.RawType == typeof(int) || type.RawType == typeof(long)));

    private static Func<string> TextReader(DataViewRow row, DataViewSchema.Column column)
    {
        if (column.Type is not VectorDataViewType)
        {
            return AnswerColumns.ValueReader(row, column);
        }
        Func<IReadOnlyList<string>> read = AnswerColumns.ReferenceReader(row, column);
        return () => string.Join(" | ", read());
    }
}
