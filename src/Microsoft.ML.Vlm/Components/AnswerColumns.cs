using System.Globalization;
using Microsoft.ML.Data;

namespace Microsoft.ML.Vlm.Components;

/// <summary>Reads answers and right answers from columns of data.</summary>
internal static class AnswerColumns
{
    /// <summary>A column by its name.</summary>
    /// <param name="schema">Where it should be.</param>
    /// <param name="role">What it is for; shown in errors.</param>
    /// <param name="name">Its name.</param>
    /// <exception cref="ArgumentOutOfRangeException">There is none; lists those that there are.</exception>
    public static DataViewSchema.Column Find(DataViewSchema schema, string role, string name)
        => schema.GetColumnOrNull(name)
            ?? throw new ArgumentOutOfRangeException(nameof(schema), $"Could not find {role} column '{name}'; the data has {string.Join(", ", schema.Select(column => column.Name))}.");

    /// <summary>A text column by its name.</summary>
    /// <exception cref="ArgumentOutOfRangeException">There is none, or it holds something else.</exception>
    public static DataViewSchema.Column FindText(DataViewSchema schema, string role, string name)
    {
        DataViewSchema.Column column = Find(schema, role, name);
        return column.Type is TextDataViewType
            ? column
            : throw new ArgumentOutOfRangeException(nameof(schema), $"The {role} column '{name}' holds {column.Type}; expected String.");
    }

    /// <summary>Reads a text column at the row that a cursor stands on.</summary>
    public static Func<string> TextReader(DataViewRow row, DataViewSchema.Column column)
    {
        ValueGetter<ReadOnlyMemory<char>> getText = row.GetGetter<ReadOnlyMemory<char>>(column);
        ReadOnlyMemory<char> text = default;
        return () =>
        {
            getText(ref text);
            return text.ToString();
        };
    }

    /// <summary>Reads the right answers at the row that a cursor stands on.</summary>
    /// <param name="row">The cursor.</param>
    /// <param name="column">Text, or a vector of texts.</param>
    /// <exception cref="ArgumentOutOfRangeException">The column holds something else.</exception>
    public static Func<IReadOnlyList<string>> ReferenceReader(DataViewRow row, DataViewSchema.Column column)
    {
        switch (column.Type)
        {
            case TextDataViewType:
                Func<string> read = TextReader(row, column);
                return () => [read()];

            case VectorDataViewType { ItemType: TextDataViewType }:
                ValueGetter<VBuffer<ReadOnlyMemory<char>>> getTexts = row.GetGetter<VBuffer<ReadOnlyMemory<char>>>(column);
                VBuffer<ReadOnlyMemory<char>> texts = default;
                return () =>
                {
                    getTexts(ref texts);
                    return [.. texts.DenseValues().Select(value => value.ToString())];
                };

            default:
                throw new ArgumentOutOfRangeException(nameof(column), $"Label column '{column.Name}' holds {column.Type}; expected String or a vector of String.");
        }
    }

    /// <summary>Reads a value as text at the row that a cursor stands on: a text, a number, a truth value or a key.</summary>
    /// <param name="row">The cursor.</param>
    /// <param name="column">The column.</param>
    /// <exception cref="ArgumentOutOfRangeException">The column holds something else.</exception>
    public static Func<string> ValueReader(DataViewRow row, DataViewSchema.Column column) => column.Type switch
    {
        TextDataViewType => TextReader(row, column),
        BooleanDataViewType => ValueReader<bool>(row, column),
        KeyDataViewType { RawType: var type } when type == typeof(uint) => ValueReader<uint>(row, column),
        NumberDataViewType { RawType: var type } when type == typeof(float) => ValueReader<float>(row, column),
        NumberDataViewType { RawType: var type } when type == typeof(double) => ValueReader<double>(row, column),
        NumberDataViewType { RawType: var type } when type == typeof(int) => ValueReader<int>(row, column),
        NumberDataViewType { RawType: var type } when type == typeof(long) => ValueReader<long>(row, column),
        NumberDataViewType { RawType: var type } when type == typeof(byte) => ValueReader<byte>(row, column),
        _ => throw new ArgumentOutOfRangeException(nameof(column), $"Column '{column.Name}' holds {column.Type}; expected text, a number or a truth value."),
    };

    private static Func<string> ValueReader<T>(DataViewRow row, DataViewSchema.Column column)
        where T : struct
    {
        ValueGetter<T> get = row.GetGetter<T>(column);
        T value = default;
        return () =>
        {
            get(ref value);
            return Convert.ToString(value, CultureInfo.InvariantCulture)!;
        };
    }
}
