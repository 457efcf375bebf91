namespace Microsoft.ML.Vlm.Data;

/// <summary>Type of a column of a data file.</summary>
/// <param name="Kind">What it holds.</param>
internal sealed record DataType(DataKind Kind)
{
    /// <summary>Type of the entries of a list.</summary>
    public DataType? Element { get; init; }

    /// <summary>Fields of a structure; <c>key</c> and <c>value</c> of a map.</summary>
    public IReadOnlyList<DataField> Fields { get; init; } = [];

    /// <summary>Names of classes that whole numbers from 0 stand for (<c>ClassLabel</c>), or null.</summary>
    public IReadOnlyList<string>? ClassNames { get; init; }

    /// <summary>Whether it is an image as Hugging Face's datasets store it: a structure of <c>bytes</c> and <c>path</c>.</summary>
    public bool IsImage => Kind == DataKind.Struct && Fields.Count == 2 && Find("bytes") is { Kind: DataKind.Bytes or DataKind.Null } && Find("path") is { Kind: DataKind.Text or DataKind.Null };

    /// <summary>Whether it is a list of turns: of structures with <c>role</c> and <c>content</c>, <c>from</c> and <c>value</c>, or <c>user</c> and <c>assistant</c>.</summary>
    public bool IsConversation => Element is { Kind: DataKind.Struct } turn
        && (turn.Has("role", "content") || turn.Has("role", "tool_calls") || turn.Has("from", "value") || turn.Has("user", "assistant"));

    /// <summary>A list.</summary>
    public static DataType ListOf(DataType element) => new(DataKind.List) { Element = element };

    /// <summary>The type of a field, or null.</summary>
    public DataType? Find(string name) => Fields.FirstOrDefault(field => field.Name == name)?.Type;

    /// <summary>The type of values that are of one type or the other: structures have the fields of both, and unlike values are mixed.</summary>
    public DataType Merge(DataType other)
    {
        if (Kind == DataKind.Null || other.Kind == DataKind.Null)
        {
            return Kind == DataKind.Null ? other : this;
        }
        if (Kind != other.Kind)
        {
            bool areNumbers = Kind is DataKind.Integer or DataKind.Real && other.Kind is DataKind.Integer or DataKind.Real;
            return new(areNumbers ? DataKind.Real : DataKind.Mixed);
        }
        return Kind switch
        {
            DataKind.List => ListOf(Element!.Merge(other.Element!)),
            DataKind.Struct => new(DataKind.Struct)
            {
                Fields =
                [
                    .. Fields.Select(field => other.Find(field.Name) is { } type ? new DataField(field.Name, field.Type.Merge(type)) : field),
                    .. other.Fields.Where(field => Find(field.Name) is null),
                ],
            },
            _ => this,
        };
    }

    /// <inheritdoc/>
    public override string ToString() => Kind switch
    {
        _ when IsImage => "image",
        _ when ClassNames is { } names => $"class of {names.Count}",
        DataKind.List => $"list of {Element}",
        DataKind.Struct => $"{{{string.Join(", ", Fields.Select(field => $"{field.Name}: {field.Type}"))}}}",
        DataKind.Stamp => "date, time or decimal",
        DataKind.Real or DataKind.Integer => "number",
        _ => Kind.ToString().ToLowerInvariant(),
    };

    /// <summary>Equal for the same structure.</summary>
    public bool Equals(DataType? other) => other is not null && Kind == other.Kind && Equals(Element, other.Element) && Fields.SequenceEqual(other.Fields)
        && (ClassNames ?? []).SequenceEqual(other.ClassNames ?? []);

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(Kind, Element, Fields.Count);

    private bool Has(string first, string second) => Find(first) is not null && Find(second) is not null;
}
