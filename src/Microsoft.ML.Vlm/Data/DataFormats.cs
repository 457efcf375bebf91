namespace Microsoft.ML.Vlm.Data;

/// <summary>Opens files by the ending of their name.</summary>
internal static class DataFormats
{
    /// <summary>Endings of files that hold rows, the better form first.</summary>
    public static IReadOnlyList<string> Endings { get; } = [".parquet", ".jsonl", ".ndjson", ".json", ".csv", ".tsv"];

    /// <summary>Whether a file holds rows.</summary>
    public static bool IsKnown(string path) => Endings.Contains(Path.GetExtension(path).ToLowerInvariant());

    /// <summary>Opens a file.</summary>
    /// <param name="file">The file; the ending of its name tells what it is.</param>
    /// <exception cref="InvalidDataException">The file is of an unknown form or damaged; names it.</exception>
    public static IRowSource Open(DataFile file) => Path.GetExtension(file.Name).ToLowerInvariant() switch
    {
        ".parquet" => new ParquetRows(file),
        ".jsonl" or ".ndjson" or ".json" => new JsonRows(file),
        ".csv" => new SeparatedRows(file, SeparatedRows.SeparatorOf(file)),
        ".tsv" => new SeparatedRows(file, '\t'),
        var ending => throw new InvalidDataException($"'{file.Name}' ends with '{ending}'; rows are read from {string.Join(", ", Endings)}."
            + (ending is ".xlsx" or ".xls" or ".ods" ? " Save the sheet as CSV (UTF-8)." : "")),
    };
}
