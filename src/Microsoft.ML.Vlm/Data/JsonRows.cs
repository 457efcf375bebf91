using System.Text.Json;

namespace Microsoft.ML.Vlm.Data;

/// <summary>Rows of a JSON file: a line an object (JSON Lines), or one array of objects. The file is read once to learn its columns and its length; nothing of it is kept.</summary>
internal sealed class JsonRows : IRowSource
{
    private readonly DataFile _file;
    private readonly bool _isArray;

    /// <summary>Reads the file once.</summary>
    /// <param name="file">The file.</param>
    /// <exception cref="InvalidDataException">A row is no JSON object; names file and line.</exception>
    public JsonRows(DataFile file)
    {
        _file = file;
        using (Stream stream = file.Open())
        {
            _isArray = JsonLines.StartsWithBracket(stream);
        }
        OrderedDictionary<string, DataType> types = new(StringComparer.Ordinal);
        foreach ((JsonElement row, _) in Read())
        {
            RowCount++;
            foreach (JsonProperty property in row.EnumerateObject())
            {
                DataType type = JsonValues.TypeOf(property.Value);
                types[property.Name] = types.TryGetValue(property.Name, out DataType? known) ? known.Merge(type) : type;
            }
        }
        Fields = [.. types.Select(pair => new DataField(pair.Key, pair.Value))];
    }

    /// <inheritdoc/>
    public string Name => _file.Name;

    /// <inheritdoc/>
    public IReadOnlyList<DataField> Fields { get; }

    /// <inheritdoc/>
    public long RowCount { get; }

    /// <inheritdoc/>
    public IRowReader Open(IReadOnlySet<int> fields) => new Reader(this);

    private IEnumerable<(JsonElement Row, string Place)> Read() => _isArray ? JsonLines.ReadArray(_file) : JsonLines.ReadLines(_file);

    private sealed class Reader(JsonRows rows) : IRowReader
    {
        private readonly IEnumerator<(JsonElement Row, string Place)> _rows = rows.Read().GetEnumerator();

        public string Place => _rows.Current.Place ?? rows.Name;

        public bool MoveNext() => _rows.MoveNext();

        public object? Read(int field) => _rows.Current.Row.TryGetProperty(rows.Fields[field].Name, out JsonElement value) ? JsonValues.Read(value) : null;

        public void Dispose() => _rows.Dispose();
    }
}
