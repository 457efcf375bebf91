namespace Microsoft.ML.Vlm.Data;

/// <summary>Several files of the same columns, one behind the other.</summary>
internal sealed class JoinedRows : IRowSource
{
    private readonly IReadOnlyList<IRowSource> _parts;
    private readonly IReadOnlyList<int[]> _places;

    private JoinedRows(string name, IReadOnlyList<IRowSource> parts, IReadOnlyList<DataField> fields)
    {
        Name = name;
        _parts = parts;
        Fields = fields;
        _places = [.. parts.Select(part => fields.Select(field => part.Fields.Select(known => known.Name).ToList().IndexOf(field.Name)).ToArray())];
        RowCount = parts.Sum(part => part.RowCount);
    }

    /// <inheritdoc/>
    public string Name { get; }

    /// <inheritdoc/>
    public IReadOnlyList<DataField> Fields { get; }

    /// <inheritdoc/>
    public long RowCount { get; }

    /// <summary>Joins files.</summary>
    /// <param name="name">Shown in errors.</param>
    /// <param name="parts">At least one. A column that some do not have is null in their rows.</param>
    /// <exception cref="InvalidDataException">A column has different types in two of them; names them.</exception>
    public static IRowSource Create(string name, IReadOnlyList<IRowSource> parts)
    {
        if (parts.Count == 1)
        {
            return parts[0];
        }
        OrderedDictionary<string, (DataType Type, string File)> fields = new(StringComparer.Ordinal);
        foreach (IRowSource part in parts)
        {
            foreach (DataField field in part.Fields)
            {
                if (!fields.TryGetValue(field.Name, out (DataType Type, string File) known))
                {
                    fields.Add(field.Name, (field.Type, part.Name));
                    continue;
                }
                DataType merged = known.Type.Merge(field.Type);
                if (merged.Kind == DataKind.Mixed && known.Type.Kind != DataKind.Mixed && field.Type.Kind != DataKind.Mixed)
                {
                    throw new InvalidDataException(
                        $"Column '{field.Name}' is {known.Type} in '{known.File}' and {field.Type} in '{part.Name}'. Files that are read together need the same columns.");
                }
                fields[field.Name] = (merged, known.File);
            }
        }
        return new JoinedRows(name, parts, [.. fields.Select(pair => new DataField(pair.Key, pair.Value.Type))]);
    }

    /// <inheritdoc/>
    public IRowReader Open(IReadOnlySet<int> fields) => new Reader(this, fields);

    private sealed class Reader(JoinedRows rows, IReadOnlySet<int> fields) : IRowReader
    {
        private int _part = -1;
        private IRowReader? _current;

        public string Place => _current?.Place ?? rows.Name;

        public bool MoveNext()
        {
            while (_current?.MoveNext() != true)
            {
                _current?.Dispose();
                _current = null;
                if (_part + 1 >= rows._parts.Count)
                {
                    return false;
                }
                _part++;
                _current = rows._parts[_part].Open(fields.Select(field => rows._places[_part][field]).Where(place => place >= 0).ToHashSet());
            }
            return true;
        }

        public object? Read(int field) => rows._places[_part][field] is var place and >= 0 ? _current!.Read(place) : null;

        public void Dispose() => _current?.Dispose();
    }
}
