using ParquetSharp;
using ParquetSharp.Arrow;

namespace Microsoft.ML.Vlm.Data;

/// <summary>Rows of a Parquet file. The footer is read and checked at once; row groups are read when a value of theirs is asked for, some megabytes at a time.</summary>
internal sealed class ParquetRows : IRowSource
{
    // Rows of a batch follow from their size, so that large images and short texts take the same memory.
    private const long BatchBytes = 4 << 20;
    private const int MostBatchRows = 1024;
    private const int BufferBytes = 1 << 20;

    private readonly DataFile _file;
    private readonly long[] _groupRows;
    private readonly int[] _groupBatches;
    private readonly int[][] _leaves;

    /// <summary>Reads the footer.</summary>
    /// <param name="file">The file.</param>
    /// <exception cref="InvalidDataException">It is no Parquet file, or its footer and its length do not fit; names it.</exception>
    public ParquetRows(DataFile file)
    {
        _file = file;
        (_groupRows, _groupBatches, _leaves, Fields) = Guard(() =>
        {
            using Stream stream = file.Open();
            using FileReader reader = OpenReader(stream, MostBatchRows);
            using FileMetaData footer = reader.ParquetReader.FileMetaData;
            HuggingFaceFeatures features = HuggingFaceFeatures.FromMetadata(footer.KeyValueMetadata);
            (long[] rows, int[] batches) = CheckGroups(reader, footer.NumColumns, stream.Length);
            SchemaManifest manifest = reader.SchemaManifest;
            return (rows, batches, manifest.SchemaFields.Select(LeavesOf).ToArray(), features.ApplyTo(ArrowTypes.Fields(reader.Schema)));
        });
        RowCount = _groupRows.Sum();
    }

    /// <inheritdoc/>
    public string Name => _file.Name;

    /// <inheritdoc/>
    public IReadOnlyList<DataField> Fields { get; }

    /// <inheritdoc/>
    public long RowCount { get; }

    /// <inheritdoc/>
    public IRowReader Open(IReadOnlySet<int> fields) => new ParquetRowReader(this, fields);

    /// <summary>Rows of each group.</summary>
    internal IReadOnlyList<long> GroupRows => _groupRows;

    /// <summary>Runs what reads the file, and names the file when that fails.</summary>
    internal T Guard<T>(Func<T> read)
    {
        try
        {
            return read();
        }
        catch (Exception error) when (error is not (InvalidDataException or OperationCanceledException or OutOfMemoryException or IOException or UnauthorizedAccessException or ObjectDisposedException))
        {
            // The native reader reports damage by exceptions of several types, the plain Exception among them.
            string reason = (error is AggregateException { InnerException: { } inner } ? inner : error).Message.Split('\n')[0];
            throw new InvalidDataException($"'{Name}' is no readable Parquet file: {reason}", error);
        }
    }

    /// <summary>A reader whose batches fit the rows of a group.</summary>
    internal FileReader OpenGroup(Stream stream, int group) => OpenReader(stream, _groupBatches[group]);

    /// <summary>Numbers of the leaf columns of fields.</summary>
    internal int[] LeavesOf(IEnumerable<int> fields) => [.. fields.Order().SelectMany(field => _leaves[field])];

    /// <summary>Opens the file.</summary>
    internal Stream OpenStream() => _file.Open();

    private static FileReader OpenReader(Stream stream, int batchRows)
    {
        using ReaderProperties properties = ReaderProperties.GetDefaultReaderProperties();
        properties.EnableBufferedStream();
        properties.BufferSize = BufferBytes;
        using ArrowReaderProperties arrow = ArrowReaderProperties.GetDefault();
        arrow.UseThreads = false;
        arrow.PreBuffer = false;
        arrow.BatchSize = batchRows;
        return new FileReader(stream, properties, arrow, leaveOpen: true);
    }

    private static int[] LeavesOf(SchemaField field)
        => field.ColumnIndex >= 0 ? [field.ColumnIndex] : [.. field.Children.SelectMany(LeavesOf)];

    private static (long[] Rows, int[] Batches) CheckGroups(FileReader reader, int columns, long length)
    {
        long[] rows = new long[reader.NumRowGroups];
        int[] batches = new int[rows.Length];
        long total = 0;
        for (int group = 0; group < rows.Length; group++)
        {
            using RowGroupReader part = reader.ParquetReader.RowGroup(group);
            RowGroupMetaData footer = part.MetaData;
            if (footer.NumRows < 0 || footer.NumColumns != columns || (total += footer.NumRows) > int.MaxValue)
            {
                throw new FormatException($"row group {group} has {footer.NumRows} rows and {footer.NumColumns} columns; the file has {columns} columns and at most {int.MaxValue} rows.");
            }
            long bytes = 0;
            for (int column = 0; column < columns; column++)
            {
                ColumnChunkMetaData chunk = footer.GetColumnChunkMetaData(column);
                if (chunk.TotalCompressedSize < 0 || chunk.TotalCompressedSize > length || chunk.TotalUncompressedSize < 0 || chunk.NumValues < footer.NumRows)
                {
                    throw new FormatException(
                        $"column {column} of row group {group} has {chunk.TotalCompressedSize} bytes and {chunk.NumValues} values; the file has {length} bytes and the group {footer.NumRows} rows.");
                }
                bytes = checked(bytes + chunk.TotalUncompressedSize);
            }
            rows[group] = footer.NumRows;
            batches[group] = (int)Math.Clamp(BatchBytes / Math.Max(1, bytes / Math.Max(1, footer.NumRows)), 1, MostBatchRows);
        }
        return (rows, batches);
    }
}
