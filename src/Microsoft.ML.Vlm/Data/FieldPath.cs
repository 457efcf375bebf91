using System.Text.Json;

namespace Microsoft.ML.Vlm.Data;

/// <summary>A column of the data, or a field inside of it.</summary>
/// <param name="Field">The column's place.</param>
/// <param name="Names">The column's name and those of the fields below it.</param>
/// <param name="Type">What the values are.</param>
internal sealed record FieldPath(int Field, IReadOnlyList<string> Names, DataType Type)
{
    /// <summary>Finds a column, or a field by names joined with dots. Of lists of structures the field of every entry is meant.</summary>
    /// <param name="fields">The columns.</param>
    /// <param name="path">Such as <c>query</c> or <c>reward_model.ground_truth</c>.</param>
    /// <returns>Null when there is no such column.</returns>
    public static FieldPath? Find(IReadOnlyList<DataField> fields, string path)
    {
        for (int field = 0; field < fields.Count; field++)
        {
            string name = fields[field].Name;
            if (path == name)
            {
                return new(field, [name], fields[field].Type);
            }
            if (path.StartsWith(name + ".", StringComparison.Ordinal) && Below(fields[field].Type, path[(name.Length + 1)..].Split('.')) is { } type)
            {
                return new(field, [name, .. path[(name.Length + 1)..].Split('.')], type);
            }
        }
        return null;
    }

    /// <summary>The value at this path.</summary>
    /// <param name="value">The column's value; a text with fields inside is JSON.</param>
    /// <exception cref="InvalidDataException">It should be JSON, and is another text.</exception>
    public object? ValueIn(object? value) => Walk(value, 1);

    /// <summary>Names joined with dots.</summary>
    public override string ToString() => string.Join(".", Names);

    private static DataType? Below(DataType type, ReadOnlySpan<string> names) => names.IsEmpty ? type : type.Kind switch
    {
        DataKind.Struct => type.Find(names[0]) is { } field ? Below(field, names[1..]) : null,
        DataKind.List => Below(type.Element!, names) is { } entry ? DataType.ListOf(entry) : null,
        _ => null,
    };

    private object? Walk(object? value, int depth) => depth == Names.Count ? value : value switch
    {
        DataRecord record => Walk(record.Find(Names[depth]), depth + 1),
        List<object?> list => list.Select(entry => Walk(entry, depth)).ToList(),
        string text => JsonValues.TryParse(text) is { ValueKind: JsonValueKind.Object } inner ? Walk(JsonValues.Read(inner), depth)
            : throw new InvalidDataException($"The text of '{Names[0]}' is no JSON object, from which '{Names[depth]}' could be read."),
        _ => null,
    };
}
