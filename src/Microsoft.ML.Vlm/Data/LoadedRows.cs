namespace Microsoft.ML.Vlm.Data;

/// <summary>Data that was found and whose columns are decided; nothing but its head, or its text, has been read.</summary>
/// <param name="Source">The rows.</param>
/// <param name="Map">Which column comes from where.</param>
/// <param name="ImageFolder">Folder that paths of images are relative to; null for a stream, whose images are in it.</param>
internal sealed record LoadedRows(IRowSource Source, ColumnMap Map, string? ImageFolder)
{
    /// <summary>Rows that are read.</summary>
    public required long RowCount { get; init; }

    /// <summary>Finds data.</summary>
    /// <param name="path">A file, a pattern of files, or a folder.</param>
    /// <param name="options">How.</param>
    /// <exception cref="FileNotFoundException">There is nothing to read.</exception>
    /// <exception cref="InvalidDataException">A file is damaged, or columns are unknown or ambiguous.</exception>
    public static LoadedRows Find(string path, VlmDataOptions options)
    {
        DataLocation location = DataLocation.Find(path, options.Split, options.Configuration);
        IRowSource source = JoinedRows.Create(path, [.. location.Files.Select(file => DataFormats.Open(DataFile.OfPath(file)))]);
        return Create(new NamedClasses(source, location.Features), options.ImageFolder ?? location.ImageFolder, options);
    }

    /// <summary>Takes a stream, whose name tells its form.</summary>
    /// <exception cref="ArgumentException">The stream cannot be read or sought.</exception>
    /// <exception cref="InvalidDataException">The stream is damaged, or columns are unknown or ambiguous.</exception>
    public static LoadedRows Of(Stream stream, string name, VlmDataOptions options)
        => Create(DataFormats.Open(DataFile.OfStream(stream, name)), options.ImageFolder, options);

    private static LoadedRows Create(IRowSource source, string? imageFolder, VlmDataOptions options)
        => new(source, ColumnMap.Create(source.Name, ColumnMap.Only(source.Name, source.Fields, options.Columns), options.ColumnMapping, field => First(source, field)), imageFolder) { RowCount = Math.Min(source.RowCount, options.MaxRows ?? long.MaxValue) };

    private static object? First(IRowSource source, int field)
    {
        using IRowReader reader = source.Open(new HashSet<int> { field });
        return reader.MoveNext() ? reader.Read(field) : null;
    }

    private sealed class NamedClasses(IRowSource source, HuggingFaceFeatures features) : IRowSource
    {
        public string Name => source.Name;

        public IReadOnlyList<DataField> Fields { get; } = features.ApplyTo(source.Fields);

        public long RowCount => source.RowCount;

        public IRowReader Open(IReadOnlySet<int> fields) => source.Open(fields);
    }
}
