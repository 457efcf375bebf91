using System.Text.Json;
using Microsoft.ML.Data;
using Microsoft.ML.Transforms.Image;
using Microsoft.ML.Vlm.Components;

namespace Microsoft.ML.Vlm;

/// <summary>The columns that an evaluation reads beside question, images and answer.</summary>
/// <param name="Label">Right answers; null where conversations hold them.</param>
/// <param name="Choices">Options of multiple-choice questions, or null.</param>
/// <param name="Group">By which rows are reported apart, or null.</param>
internal sealed record EvaluatedColumns(DataViewSchema.Column? Label, DataViewSchema.Column? Choices, DataViewSchema.Column? Group)
{
    /// <summary>Those that there are.</summary>
    public IEnumerable<DataViewSchema.Column> All => new[] { Label, Choices, Group }.OfType<DataViewSchema.Column>();

    /// <summary>The task of data: the one that was given, or the one it is recognized as.</summary>
    public static VlmTask TaskOf(DataViewSchema schema, VlmEvaluationOptions options) => options.Task
        ?? VlmTask.Recognize(
            [.. schema.Where(column => !column.IsHidden).Select(column => column.Name)],
            [.. schema.Where(column => column.Type is VectorDataViewType { ItemType: TextDataViewType }).Select(column => column.Name)])
        ?? VlmTask.General;

    /// <summary>Finds the columns.</summary>
    /// <param name="schema">Of the data.</param>
    /// <param name="options">Columns that were named; they have to be there.</param>
    /// <param name="task">Columns that are usual.</param>
    /// <param name="needsLabel">Whether there is no other place for right answers.</param>
    /// <exception cref="ArgumentOutOfRangeException">A column is missing or has the wrong type.</exception>
    public static EvaluatedColumns Find(DataViewSchema schema, VlmEvaluationOptions options, VlmTask task, bool needsLabel)
    {
        DataViewSchema.Column? Usual(IEnumerable<string> names) => names.Select(schema.GetColumnOrNull).FirstOrDefault(column => column is not null);
        DataViewSchema.Column? label = options.LabelColumnName is { } name ? AnswerColumns.Find(schema, "label", name)
            : Usual(task.LabelColumnNames) ?? (needsLabel ? AnswerColumns.Find(schema, "label", task.LabelColumnNames[^1]) : null);
        DataViewSchema.Column? choices = options.ChoicesColumnName is { } options1 ? AnswerColumns.Find(schema, "choices", options1) : Usual(task.ChoicesColumnNames);
        DataViewSchema.Column? group = options.GroupColumnName is { } apart ? AnswerColumns.Find(schema, "group", apart) : task.GroupColumnName is { } usual ? schema.GetColumnOrNull(usual) : null;
        return new EvaluatedColumns(label, choices, group);
    }

    /// <summary>Columns with images, by their types; bytes count where they are called <c>Image</c>.</summary>
    public static IReadOnlyList<string> ImagesOf(DataViewSchema schema)
        => [.. schema.Where(column => !column.IsHidden && (column.Type is ImageDataViewType or ImageSequenceDataViewType
            || (column.Type is VectorDataViewType { ItemType: NumberDataViewType { RawType: var type } } && type == typeof(byte) && column.Name == "Image"))).Select(column => column.Name)];

    /// <summary>Reads options at the row that a cursor stands on: a vector of texts, or a text with a JSON array.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The column holds something else.</exception>
    public Func<IReadOnlyList<string>> ChoicesReader(DataViewRow row)
    {
        if (Choices is not { } column)
        {
            return () => [];
        }
        Func<IReadOnlyList<string>> read = AnswerColumns.ReferenceReader(row, column);
        return column.Type is not TextDataViewType ? read : () => Parse(read()[0], column.Name, row.Position);
    }

    /// <summary>Reads the group at the row that a cursor stands on.</summary>
    /// <param name="row">The cursor.</param>
    /// <param name="names">What values are called.</param>
    /// <exception cref="ArgumentOutOfRangeException">The column holds neither text nor numbers.</exception>
    public Func<string?> GroupReader(DataViewRow row, IReadOnlyDictionary<string, string> names)
    {
        if (Group is not { } column)
        {
            return () => null;
        }
        Func<string> read = AnswerColumns.ValueReader(row, column);
        return () => read() is var value && names.TryGetValue(value, out string? name) ? name : value;
    }

    private static string[] Parse(string text, string column, long row)
    {
        try
        {
            return JsonSerializer.Deserialize<string[]>(text) ?? [];
        }
        catch (JsonException error)
        {
            throw new InvalidDataException($"Row {row:N0}, '{column}': the options are a text, but no JSON array of texts: {error.Message} Give a vector of texts, or a text such as [\"red\", \"blue\"].", error);
        }
    }
}
