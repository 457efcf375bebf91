using ParquetSharp;
using ParquetSharp.Arrow;

namespace Microsoft.ML.Vlm.Data;

/// <summary>Rows of a Parquet file. The footer is read and checked at once; row groups are read when a value of theirs is asked for, some megabytes at a time.</summary>
internal sealed class ParquetRows : IRowSource
{
    private const int BufferBytes = 1 << 20;

    // Lists of nothing take no bytes, and values of one length take it where they are null.
    private const long MostEmptyValues = 64 << 20;
    private const int MostFixedBytes = 1 << 20;

    private readonly DataFile _file;
    private readonly ParquetPages _pages;
    private readonly long[] _groupRows;
    private readonly bool[] _isRepeated;
    private readonly int[][] _leaves;

    /// <summary>Reads the footer.</summary>
    /// <param name="file">The file.</param>
    /// <exception cref="InvalidDataException">It is no Parquet file, or its footer and its length do not fit; names it.</exception>
    public ParquetRows(DataFile file)
    {
        _file = file;
        (_pages, _groupRows, _isRepeated, _leaves, Fields) = Guard(() =>
        {
            using Stream stream = file.Open();
            ParquetPages pages = ParquetPages.Read(stream);
            using FileReader reader = OpenReader(stream, batchRows: 1);
            using FileMetaData footer = reader.ParquetReader.FileMetaData;
            HuggingFaceFeatures features = HuggingFaceFeatures.FromMetadata(footer.KeyValueMetadata);
            bool[] isRepeated = CheckColumns(footer.Schema);
            long[] rows = CheckGroups(reader, isRepeated, stream.Length);
            SchemaManifest manifest = reader.SchemaManifest;
            return (pages, rows, isRepeated, manifest.SchemaFields.Select(LeavesOf).ToArray(), features.ApplyTo(ArrowTypes.Fields(reader.Schema)));
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

    /// <summary>A reader whose batches fit the rows of a group, once its pages have been looked at.</summary>
    internal FileReader OpenGroup(Stream stream, int group, IReadOnlyList<int> leaves)
        => OpenReader(stream, _pages.BatchRows(stream, group, _groupRows[group], leaves.Select(leaf => (leaf, _isRepeated[leaf]))));

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

    private static bool[] CheckColumns(SchemaDescriptor schema)
    {
        bool[] isRepeated = new bool[schema.NumColumns];
        for (int column = 0; column < isRepeated.Length; column++)
        {
            ColumnDescriptor leaf = schema.Column(column);
            isRepeated[column] = leaf.MaxRepetitionLevel > 0;
            if (leaf.TypeLength > MostFixedBytes)
            {
                throw new FormatException($"every value of column {column} has {leaf.TypeLength} bytes; at most {MostFixedBytes} are read.");
            }
        }
        return isRepeated;
    }

    private static long[] CheckGroups(FileReader reader, bool[] isRepeated, long length)
    {
        long[] rows = new long[reader.NumRowGroups];
        long total = 0;
        for (int group = 0; group < rows.Length; group++)
        {
            using RowGroupReader part = reader.ParquetReader.RowGroup(group);
            RowGroupMetaData footer = part.MetaData;
            rows[group] = footer.NumRows;
            if (footer.NumRows < 0 || footer.NumColumns != isRepeated.Length || (total += footer.NumRows) > int.MaxValue)
            {
                throw new FormatException($"row group {group} has {footer.NumRows} rows and {footer.NumColumns} columns; the file has {isRepeated.Length} columns and at most {int.MaxValue} rows.");
            }
            for (int column = 0; column < isRepeated.Length; column++)
            {
                ColumnChunkMetaData chunk = footer.GetColumnChunkMetaData(column);
                bool hasValues = isRepeated[column]
                    ? chunk.NumValues >= footer.NumRows && chunk.NumValues <= Math.Max(MostEmptyValues, chunk.TotalUncompressedSize)
                    : chunk.NumValues == footer.NumRows;
                if (!hasValues || chunk.TotalCompressedSize < 0 || chunk.TotalCompressedSize > length || chunk.TotalUncompressedSize < 0)
                {
                    throw new FormatException(
                        $"column {column} of row group {group} has {chunk.TotalCompressedSize} bytes and {chunk.NumValues} values; the file has {length} bytes and the group {footer.NumRows} rows.");
                }
            }
        }
        return rows;
    }
}
