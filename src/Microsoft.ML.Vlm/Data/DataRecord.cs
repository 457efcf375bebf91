namespace Microsoft.ML.Vlm.Data;

/// <summary>A value of a structure: fields by name, in their order. A field that is not there is null.</summary>
internal sealed class DataRecord : OrderedDictionary<string, object?>
{
    /// <summary>An empty record.</summary>
    public DataRecord()
        : base(StringComparer.Ordinal)
    {
    }

    /// <summary>The value of a field, or null.</summary>
    public object? Find(string name) => TryGetValue(name, out object? value) ? value : null;
}
