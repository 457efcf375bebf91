using nietras.SeparatedValues;

namespace Microsoft.ML.Vlm.Data;

/// <summary>Rows of a text file with separated values and a header (CSV, TSV). Every column is text; fields in quotes may hold separators and line ends.</summary>
internal sealed class SeparatedRows : IRowSource
{
    // Of the header, to learn the separator.
    private const int HeaderCharacters = 4096;

    private readonly DataFile _file;
    private readonly char _separator;

    /// <summary>Reads the file once, to learn its length.</summary>
    /// <param name="file">The file.</param>
    /// <param name="separator">Comma, semicolon or tabulator.</param>
    /// <exception cref="InvalidDataException">A row has another number of fields than the header; names file and line.</exception>
    public SeparatedRows(DataFile file, char separator)
    {
        _file = file;
        _separator = separator;
        using Reader reader = new(this);
        Fields = [.. reader.Header.Select(name => new DataField(name, new DataType(DataKind.Text)))];
        while (reader.MoveNext())
        {
            RowCount++;
        }
    }

    /// <summary>What separates the fields of a CSV file: a comma unless the header has none; spreadsheets write semicolons where a comma stands in front of decimals.</summary>
    /// <param name="file">Its first line is read.</param>
    public static char SeparatorOf(DataFile file)
    {
        using StreamReader reader = new(file.Open());
        Span<char> head = stackalloc char[HeaderCharacters];
        ReadOnlySpan<char> header = head[..reader.ReadBlock(head)];
        int end = header.IndexOfAny('\r', '\n');
        header = end < 0 ? header : header[..end];
        return header.Contains(',') ? ',' : header.Contains(';') ? ';' : header.Contains('\t') ? '\t' : ',';
    }

    /// <inheritdoc/>
    public string Name => _file.Name;

    /// <inheritdoc/>
    public IReadOnlyList<DataField> Fields { get; }

    /// <inheritdoc/>
    public long RowCount { get; }

    /// <inheritdoc/>
    public IRowReader Open(IReadOnlySet<int> fields) => new Reader(this);

    private sealed class Reader : IRowReader
    {
        private readonly SeparatedRows _rows;
        private readonly Stream _stream;
        private readonly SepReader _reader;
        private int _line = 1;

        public Reader(SeparatedRows rows)
        {
            _rows = rows;
            _stream = rows._file.Open();
            try
            {
                _reader = Sep.New(rows._separator).Reader(options => options with { Unescape = true, DisableFastFloat = true, CreateToString = SepToString.Direct }).From(_stream);
            }
            catch (Exception error) when (error is ArgumentException or InvalidDataException)
            {
                _stream.Dispose();
                throw new InvalidDataException($"{rows.Name}: the header cannot be read: {error.Message}", error);
            }
        }

        public IReadOnlyList<string> Header => _reader.Header.ColNames;

        public string Place => $"{_rows.Name}, line {_line}";

        public bool MoveNext()
        {
            try
            {
                if (!_reader.MoveNext())
                {
                    return false;
                }
                _line = _reader.Current.LineNumberFrom;
                return true;
            }
            catch (Exception error) when (error is InvalidDataException or NotSupportedException or ArgumentException)
            {
                throw new InvalidDataException($"{_rows.Name}, behind line {_line}: {error.Message.Split('\n')[0]} A field that holds the separator '{_rows._separator}', a quote or a line end has to stand in quotes.", error);
            }
        }

        public object? Read(int field) => _reader.Current[field].ToString();

        public void Dispose()
        {
            _reader.Dispose();
            _stream.Dispose();
        }
    }
}
