using Microsoft.ML.Vlm.Data;

namespace Microsoft.ML.Vlm.Tests.Data;

public sealed class ParquetRowsTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("vlm-test-").FullName;

    [Fact]
    public void A_hundred_thousand_rows_take_no_memory_that_grows()
    {
        const int Rows = 100_000, Bytes = 400;
        string path = Path.Combine(_folder, "long.parquet");
        ParquetFiles.Write(path, Rows, 10_000, (start, count) =>
        [
            ("image", Enumerable.Range(start, count).Select(row => BitConverter.GetBytes(row).Concat(new byte[Bytes]).ToArray()).ToArray()),
            ("query", Enumerable.Range(start, count).Select(row => $"question {row}").ToArray()),
        ]);
        ParquetRows source = new(DataFile.OfPath(path));
        Assert.Equal(Rows, source.RowCount);
        using IRowReader reader = source.Open(new HashSet<int> { 0, 1 });
        List<long> memory = [];
        for (int row = 0; reader.MoveNext(); row++)
        {
            var image = (byte[])((DataRecord)reader.Read(0)!).Find("bytes")!;
            Assert.Equal(row, BitConverter.ToInt32(image));
            Assert.Equal($"question {row}", reader.Read(1));
            if (row % 10_000 == 9_999)
            {
                GC.Collect();
                memory.Add(Environment.WorkingSet);
            }
        }
        Assert.Equal(10, memory.Count);

        // The file has 43 MB; what is held is some batches of 4 MB.
        Assert.True(memory[^1] - memory[0] < 20L << 20, $"The working set went from {memory[0] >> 20} to {memory[^1] >> 20} MB.");
    }

    [Fact]
    public void A_row_in_the_middle_is_reached_without_reading_the_groups_before_it()
    {
        string path = Path.Combine(_folder, "groups.parquet");
        ParquetFiles.Write(path, 10, ("query", Enumerable.Range(0, 100).Select(row => $"q{row}").ToArray()));
        CountingStream stream = new(File.ReadAllBytes(path));
        ParquetRows source = new(DataFile.OfStream(stream, "groups.parquet"));
        stream.BytesRead = 0;
        using IRowReader reader = source.Open(new HashSet<int> { 0 });
        for (int row = 0; row < 96; row++)
        {
            Assert.True(reader.MoveNext());
        }
        Assert.Equal(0, stream.BytesRead);
        Assert.Equal("q95", reader.Read(0));
        Assert.Equal("groups.parquet, row 95", reader.Place);
    }

    [Fact]
    public void Damaged_files_give_rows_or_an_error_that_names_them()
    {
        string path = Path.Combine(_folder, "whole.parquet");
        ParquetFiles.Write(path, 5, ("image", new byte[]?[] { [1, 2], null, [3], [4], [5, 6, 7], [8] }), ("label", new string[][] { ["a"], [], ["b", "c"], ["d"], ["e"], ["f"] }), ("n", new long[] { 1, 2, 3, 4, 5, 6 }));
        byte[] whole = File.ReadAllBytes(path);
        Random random = new(5);
        int errors = 0;
        for (int trial = 0; trial < 400; trial++)
        {
            byte[] damaged = trial % 4 == 0 ? whole[..random.Next(whole.Length)] : (byte[])whole.Clone();
            for (int change = 0; trial % 4 != 0 && change < 1 + (trial % 3); change++)
            {
                damaged[random.Next(damaged.Length)] = (byte)random.Next(256);
            }
            try
            {
                ReadAll(damaged);
            }
            catch (InvalidDataException error)
            {
                Assert.Contains("damaged.parquet", error.Message, StringComparison.Ordinal);
                errors++;
            }
        }
        Assert.InRange(errors, 100, 400);
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private static void ReadAll(byte[] file)
    {
        using MemoryStream stream = new(file);
        ParquetRows source = new(DataFile.OfStream(stream, "damaged.parquet"));
        using IRowReader reader = source.Open(Enumerable.Range(0, source.Fields.Count).ToHashSet());
        while (reader.MoveNext())
        {
            for (int field = 0; field < source.Fields.Count; field++)
            {
                reader.Read(field);
            }
        }
    }

    private sealed class CountingStream(byte[] content) : MemoryStream(content)
    {
        public long BytesRead { get; set; }

        public override int Read(byte[] buffer, int offset, int count) => Count(base.Read(buffer, offset, count));

        public override int Read(Span<byte> buffer) => Count(base.Read(buffer));

        private int Count(int bytes)
        {
            BytesRead += bytes;
            return bytes;
        }
    }
}
