using System.Buffers.Binary;
using System.Collections.Concurrent;

namespace Microsoft.ML.Vlm.Data;

/// <summary>
/// The pages of a Parquet file, looked at before the native reader reads them: it allocates what a page says that it takes, and repeats what a page says once as often as the page says.
/// A file from a stranger may claim anything.
/// </summary>
internal sealed class ParquetPages
{
    // Writers make pages of about 1 MB, more where single values are larger, and these, being images, do not shrink.
    private const long MostGrownBytes = 64 << 20;
    private const long MostGrowth = 100;

    // Rows of a batch follow from their size, so that large images and short texts take the same memory.
    private const long BatchBytes = 4 << 20;
    private const long BatchSharedBytes = 64 << 20;
    private const int MostBatchRows = 1024;

    // The limits of the native reader.
    private const int MostHeaderBytes = 16 << 20;
    private const int FirstHeaderBytes = 512;

    // Files of some old writers leave a header out of the size of a column.
    private const int MissingHeaderBytes = 100;
    private const int DeltaByteArray = 7;

    private readonly Column[][] _groups;
    private readonly ConcurrentDictionary<(int Group, int Column), Weight> _weights = [];

    private ParquetPages(Column[][] groups) => _groups = groups;

    /// <summary>Reads from the footer where pages are.</summary>
    /// <param name="stream">The file.</param>
    /// <exception cref="FormatException">The footer does not fit the file.</exception>
    public static ParquetPages Read(Stream stream)
    {
        Span<byte> tail = stackalloc byte[8];
        long length = stream.Length;
        if (length < 12)
        {
            throw new FormatException($"{length} bytes are too few.");
        }
        stream.Position = length - tail.Length;
        stream.ReadExactly(tail);
        uint size = BinaryPrimitives.ReadUInt32LittleEndian(tail);
        if (!tail[4..].SequenceEqual("PAR1"u8) || size > length - 12)
        {
            throw new FormatException(tail[4..].SequenceEqual("PARE"u8) ? "it is encrypted." : "it does not end as one; was it cut off?");
        }
        byte[] footer = new byte[size];
        stream.Position = length - tail.Length - size;
        stream.ReadExactly(footer);
        try
        {
            return new ParquetPages(Groups(footer));
        }
        catch (EndOfStreamException)
        {
            throw new FormatException("its footer is damaged.");
        }
    }

    /// <summary>How many rows of a group to read at once, so that they take some megabytes.</summary>
    /// <param name="stream">The file.</param>
    /// <param name="group">Number of the group.</param>
    /// <param name="rows">Rows of the group.</param>
    /// <param name="columns">Numbers of the leaf columns that will be read, and whether each may have several values a row.</param>
    /// <exception cref="FormatException">Pages claim more than the file holds, or grow beyond all measure.</exception>
    public int BatchRows(Stream stream, int group, long rows, IEnumerable<(int Column, bool IsRepeated)> columns)
    {
        double bytes = 1;
        long shared = 1;
        foreach ((int column, bool isRepeated) in columns)
        {
            Weight weight = _weights.GetOrAdd((group, column), _ => Weigh(stream, group, column, isRepeated ? rows : null));
            bytes += weight.RowBytes;
            shared += weight.SharedBytes;
        }
        return (int)Math.Clamp(Math.Min(BatchBytes / bytes, BatchSharedBytes / shared), 1, MostBatchRows);
    }

    private Weight Weigh(Stream stream, int group, int column, long? rows)
    {
        Column place = group < _groups.Length && column < _groups[group].Length ? _groups[group][column] : throw new FormatException($"row group {group} has no column {column}.");
        long position = place.DictionaryOffset is > 0 and var dictionary && dictionary < place.DataOffset ? dictionary : place.DataOffset;
        long end = Math.Min(stream.Length, position + place.CompressedBytes + MissingHeaderBytes), values = 0, total = 0, shared = 0;
        double densest = 0;
        while (values < place.Values)
        {
            (Page page, int header) = ReadPage(stream, position, end, group, column);
            position += header + page.CompressedBytes;
            if (page.CompressedBytes < 0 || page.Bytes < 0 || page.Values < 0 || position > end)
            {
                throw new FormatException($"a page of column {column} of row group {group} claims {page.CompressedBytes} bytes where {Math.Max(0, end - position + page.CompressedBytes)} are left.");
            }
            if (page.Bytes > Math.Max(MostGrownBytes, MostGrowth * page.CompressedBytes))
            {
                throw new FormatException(
                    $"a page of column {column} of row group {group} would grow from {page.CompressedBytes} to {page.Bytes} bytes; more than {MostGrowth} times that and {MostGrownBytes >> 20} MB are refused.");
            }
            if (page.IsShared)
            {
                shared = Math.Max(shared, page.Bytes);
            }
            if (page.IsData)
            {
                (values, total) = (values + page.Values, total + page.Bytes);
                densest = Math.Max(densest, (double)page.Bytes / Math.Max(1, page.Values));
            }
        }
        return new Weight(rows is { } count ? (double)total / Math.Max(1, count) : densest, shared);
    }

    private static (Page Page, int HeaderBytes) ReadPage(Stream stream, long position, long end, int group, int column)
    {
        for (int size = FirstHeaderBytes; position >= 0 && position < end; size *= 8)
        {
            byte[] bytes = new byte[Math.Min(size, end - position)];
            stream.Position = position;
            stream.ReadExactly(bytes);
            try
            {
                ThriftReader reader = new(bytes);
                Page page = Header(ref reader);
                return (page, reader.Position);
            }
            catch (EndOfStreamException) when (bytes.Length == size && size < MostHeaderBytes)
            {
                // Statistics may make a header longer than most are.
                continue;
            }
            catch (EndOfStreamException)
            {
                break;
            }
        }
        throw new FormatException($"column {column} of row group {group} ends before its last page.");
    }

    private static Page Header(ref ThriftReader reader)
    {
        Page page = default;
        for (int id = 0; reader.MoveToField(ref id, out int type);)
        {
            switch (id, type)
            {
                case (2, 5):
                    page.Bytes = reader.ReadInteger();
                    break;
                case (3, 5):
                    page.CompressedBytes = reader.ReadInteger();
                    break;
                case (5 or 8, ThriftReader.StructType):
                    page.IsData = true;
                    Values(ref reader, encodingId: id == 5 ? 2 : 4, ref page);
                    break;
                case (7, ThriftReader.StructType):
                    page.IsShared = true;
                    reader.Skip(type);
                    break;
                default:
                    reader.Skip(type);
                    break;
            }
        }
        return page;
    }

    private static void Values(ref ThriftReader reader, int encodingId, ref Page page)
    {
        for (int id = 0; reader.MoveToField(ref id, out int type);)
        {
            if (id == 1 && type == 5)
            {
                page.Values = reader.ReadInteger();
            }
            else if (id == encodingId && type == 5)
            {
                // Values of this encoding begin with parts of the ones before.
                page.IsShared = reader.ReadInteger() == DeltaByteArray;
            }
            else
            {
                reader.Skip(type);
            }
        }
    }

    private static Column[][] Groups(byte[] footer)
    {
        ThriftReader reader = new(footer);
        Column[][] groups = [];
        for (int id = 0; reader.MoveToField(ref id, out int type);)
        {
            if (id != 4 || type != ThriftReader.ListType)
            {
                reader.Skip(type);
                continue;
            }
            groups = new Column[reader.ReadList().Count][];
            for (int group = 0; group < groups.Length; group++)
            {
                groups[group] = Columns(ref reader);
            }
        }
        return groups;
    }

    private static Column[] Columns(ref ThriftReader reader)
    {
        Column[] columns = [];
        for (int id = 0; reader.MoveToField(ref id, out int type);)
        {
            if (id != 1 || type != ThriftReader.ListType)
            {
                reader.Skip(type);
                continue;
            }
            columns = new Column[reader.ReadList().Count];
            for (int column = 0; column < columns.Length; column++)
            {
                for (int part = 0; reader.MoveToField(ref part, out int partType);)
                {
                    if (part == 3 && partType == ThriftReader.StructType)
                    {
                        columns[column] = Place(ref reader);
                    }
                    else
                    {
                        reader.Skip(partType);
                    }
                }
            }
        }
        return columns;
    }

    private static Column Place(ref ThriftReader reader)
    {
        Column column = default;
        for (int id = 0; reader.MoveToField(ref id, out int type);)
        {
            switch (id, type)
            {
                case (5, 6):
                    column.Values = reader.ReadInteger();
                    break;
                case (7, 6):
                    column.CompressedBytes = reader.ReadInteger();
                    break;
                case (9, 6):
                    column.DataOffset = reader.ReadInteger();
                    break;
                case (11, 6):
                    column.DictionaryOffset = reader.ReadInteger();
                    break;
                default:
                    reader.Skip(type);
                    break;
            }
        }
        return column;
    }

    private record struct Column(long Values, long CompressedBytes, long DataOffset, long DictionaryOffset);

    private record struct Page(long Bytes, long CompressedBytes, long Values, bool IsData, bool IsShared);

    /// <param name="RowBytes">Most bytes of a row on average over a page.</param>
    /// <param name="SharedBytes">Bytes that each value may repeat.</param>
    private sealed record Weight(double RowBytes, long SharedBytes);
}
