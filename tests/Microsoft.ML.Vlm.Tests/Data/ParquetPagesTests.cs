using Apache.Arrow;
using Apache.Arrow.Types;
using Microsoft.ML.Vlm.Data;
using ParquetSharp;
using ParquetSharp.Arrow;

namespace Microsoft.ML.Vlm.Tests.Data;

/// <summary>Files that ask for far more memory than they have bytes.</summary>
public sealed class ParquetPagesTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("vlm-test-").FullName;

    [Theory]
    [InlineData(2_000_000_000, "would grow from ")]
    [InlineData(-1, "claims ")]
    public void A_page_that_claims_two_gigabytes_is_refused_before_they_are_allocated(int claim, string message)
    {
        byte[] file = Write([.. Enumerable.Range(0, 50).Select(row => $"text {row}")], builder => builder.Compression(Compression.Snappy).DisableDictionary());

        // A header begins with the kind of page, 0 for data, then its size: each a field (0x15) with a number in as many bytes as it needs.
        Assert.Equal([0x15, 0x00, 0x15], file[4..7]);
        int next = System.Array.FindIndex(file, 7, value => value < 128) + 1;
        byte[] hostile = [.. file[..7], .. Number(claim), .. file[next..]];
        Assert.Contains(message, Assert.Throws<InvalidDataException>(() => Read(hostile)).Message, StringComparison.Ordinal);
        Assert.Equal(50, Read(file));
    }

    [Fact]
    public void A_page_that_reaches_beyond_the_file_is_refused()
    {
        byte[] file = Write([.. Enumerable.Range(0, 50).Select(row => $"text {row}")], builder => builder.Compression(Compression.Uncompressed).DisableDictionary());
        int size = System.Array.FindIndex(file, 7, value => value < 128) + 1;
        Assert.Equal(0x15, file[size]);
        int next = System.Array.FindIndex(file, size + 1, value => value < 128) + 1;
        byte[] hostile = [.. file[..(size + 1)], .. Number(2_000_000_000), .. file[next..]];
        Assert.Contains("claims 2000000000 bytes", Assert.Throws<InvalidDataException>(() => Read(hostile)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_page_that_really_grows_a_thousandfold_is_refused()
    {
        byte[] file = Write([new string('a', 65 << 20)], builder => builder.Compression(Compression.Zstd).DisableDictionary());
        Assert.True(file.Length < 1 << 20);
        Assert.Contains("more than 100 times that and 64 MB are refused", Assert.Throws<InvalidDataException>(() => Read(file)).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_long_value_that_rows_repeat_does_not_fill_the_memory(bool hasDictionary)
    {
        const int Rows = 90, Letters = 1 << 20;
        string text = new('b', Letters);
        byte[] file = Write([.. Enumerable.Repeat(text, Rows)], builder => hasDictionary
            ? builder.Compression(Compression.Uncompressed).DictionaryPagesizeLimit(1 << 30)
            : builder.Compression(Compression.Uncompressed).DisableDictionary().Encoding(ParquetSharp.Encoding.DeltaByteArray));
        Assert.True(file.Length < 2 * Letters);
        ParquetRows source = new(DataFile.OfStream(new MemoryStream(file), "repeated.parquet"));
        using Stream stream = source.OpenStream();

        // By its bytes in the file, all rows would be one batch.
        Assert.InRange(ParquetPages.Read(stream).BatchRows(stream, 0, Rows, [(0, false)]), 1, 64);
        Assert.Equal(Rows, Read(file));
    }

    [Fact]
    public void Batches_follow_from_the_size_of_rows()
    {
        Assert.Equal(1024, BatchRows("short", 2000));
        Assert.InRange(BatchRows(new string('c', 100_000), 50), 20, 60);
        Assert.InRange(BatchRows(new string('c', 5_000_000), 3), 1, 1);
    }

    [Theory]
    [InlineData("PAR1")]
    [InlineData("PAR1 and no footer at all, PAR1")]
    [InlineData("an image, not a table of them")]
    public void Files_that_are_something_else_are_named(string content)
    {
        InvalidDataException error = Assert.Throws<InvalidDataException>(() => Read(System.Text.Encoding.ASCII.GetBytes(content)));
        Assert.StartsWith("'hostile.parquet' is no readable Parquet file: ", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Nesting_without_end_and_lists_without_entries_are_refused()
    {
        Assert.Throws<FormatException>(() =>
        {
            ThriftReader reader = new([.. Enumerable.Repeat((byte)0x19, 1000)]);
            reader.Skip(ThriftReader.ListType);
        });
        Assert.Throws<EndOfStreamException>(() =>
        {
            ThriftReader reader = new([0xF5, 0xFF, 0xFF, 0xFF, 0xFF, 0x07]);
            reader.ReadList();
        });
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private int BatchRows(string text, int rows)
    {
        MemoryStream stream = new(Write([.. Enumerable.Range(0, rows).Select(row => $"{row}{text}")], builder => builder.Compression(Compression.Uncompressed).DisableDictionary()));
        return ParquetPages.Read(stream).BatchRows(stream, 0, rows, [(0, false)]);
    }

    private static int Read(byte[] file)
    {
        ParquetRows source = new(DataFile.OfStream(new MemoryStream(file), "hostile.parquet"));
        using IRowReader reader = source.Open(new HashSet<int> { 0 });
        int rows = 0;
        for (; reader.MoveNext(); rows++)
        {
            Assert.IsType<string>(reader.Read(0));
        }
        return rows;
    }

    private byte[] Write(string[] texts, Func<WriterPropertiesBuilder, WriterPropertiesBuilder> configure)
    {
        string path = Path.Combine(_folder, "x.parquet");
        StringArray.Builder values = new();
        values.AppendRange(texts);
        Schema schema = new([new Field("text", StringType.Default, nullable: true)], null);
        using (WriterPropertiesBuilder builder = new())
        using (WriterProperties properties = configure(builder).Build())
        using (FileWriter writer = new(path, schema, properties))
        using (RecordBatch batch = new(schema, [values.Build()], texts.Length))
        {
            writer.WriteRecordBatch(batch, texts.Length);
            writer.Close();
        }
        return File.ReadAllBytes(path);
    }

    private static byte[] Number(int value)
    {
        List<byte> bytes = [];
        for (uint rest = ((uint)value << 1) ^ (uint)(value >> 31); ; rest >>= 7)
        {
            bytes.Add((byte)(rest < 128 ? rest : (rest & 127) | 128));
            if (rest < 128)
            {
                return [.. bytes];
            }
        }
    }
}
