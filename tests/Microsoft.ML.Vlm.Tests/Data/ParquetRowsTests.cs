using Microsoft.ML.Data;
using Microsoft.ML.Vlm.Data;

namespace Microsoft.ML.Vlm.Tests.Data;

public sealed class ParquetRowsTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("vlm-test-").FullName;

    [Fact]
    public void A_hundred_thousand_rows_from_a_stream_take_no_memory_that_grows()
    {
        const int Rows = 100_000, Bytes = 400;
        string path = Path.Combine(_folder, "long.parquet");
        byte[] image = Png();
        ParquetFiles.Write(path, Rows, 10_000, (start, count) =>
        [
            ("image", Enumerable.Range(start, count).Select(row => (byte[])[.. image, .. new byte[Bytes], .. BitConverter.GetBytes(row)]).ToArray()),
            ("query", Enumerable.Range(start, count).Select(row => $"question {row}").ToArray()),
            ("label", Enumerable.Range(start, count).Select(row => new[] { $"{row}" }).ToArray()),
        ]);
        using FileStream stream = File.OpenRead(path);
        IDataView data = new MLContext(seed: 1).Data.LoadVlm(stream, "long.parquet");
        Assert.Equal(Rows, data.GetRowCount());
        using DataViewRowCursor cursor = data.GetRowCursor([data.Schema["Image"], data.Schema["Prompt"], data.Schema["Label"]]);
        ValueGetter<ImageSequence> images = cursor.GetGetter<ImageSequence>(data.Schema["Image"]);
        ValueGetter<ReadOnlyMemory<char>> prompts = cursor.GetGetter<ReadOnlyMemory<char>>(data.Schema["Prompt"]), labels = cursor.GetGetter<ReadOnlyMemory<char>>(data.Schema["Label"]);
        List<long> memory = [];
        ImageSequence sequence = ImageSequence.Empty;
        ReadOnlyMemory<char> prompt = default, label = default;
        for (int row = 0; cursor.MoveNext(); row++)
        {
            images(ref sequence);
            prompts(ref prompt);
            labels(ref label);
            Assert.Equal(($"question {row}", $"{row}", 1), (prompt.ToString(), label.ToString(), sequence.Count));
            if (row % 10_000 == 9_999)
            {
                Assert.Equal((2, 3), (sequence.Images[0].Width, sequence.Images[0].Height));
                GC.Collect();
                memory.Add(Environment.WorkingSet);
            }
        }
        Assert.Equal(10, memory.Count);

        // The file has 50 MB; what is held is some batches of 4 MB.
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

    private static byte[] Png()
    {
        using MLImage image = MLImage.CreateFromPixels(2, 3, MLPixelFormat.Rgba32, new byte[24]);
        string path = Path.GetTempFileName() + ".png";
        image.Save(path);
        byte[] bytes = File.ReadAllBytes(path);
        File.Delete(path);
        return bytes;
    }

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
