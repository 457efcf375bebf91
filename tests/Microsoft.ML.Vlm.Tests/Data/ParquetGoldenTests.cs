using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Microsoft.ML.Vlm.Data;

namespace Microsoft.ML.Vlm.Tests.Data;

/// <summary>Real Parquet files of many types and encodings, every value as pyarrow reads it.</summary>
[Trait("Category", "Golden")]
public class ParquetGoldenTests
{
    public static TheoryData<string> Cases => Reference.Root is null ? [Reference.Absent]
        : [.. JsonDocument.Parse(File.ReadAllText(Path.Combine(Reference.Root, "data", "parquet", "expected.json"))).RootElement.EnumerateObject().Select(file => file.Name)];

    [Theory, MemberData(nameof(Cases))]
    public void Files_are_read_as_by_the_reference(string name)
    {
        string path = Reference.Path("data", "parquet", name);
        JsonElement expected = JsonDocument.Parse(File.ReadAllText(Reference.Path("data", "parquet", "expected.json"))).RootElement.GetProperty(name);
        string[] rows = RowsOf(new ParquetRows(DataFile.OfPath(path)));
        Assert.Equal(expected.GetProperty("sha256_of_canonical_json_rows").GetString(), Hash(rows));

        // The whole file again from a stream, which two readers use at once.
        using MemoryStream stream = new(File.ReadAllBytes(path));
        ParquetRows streamed = new(DataFile.OfStream(stream, name));
        using IRowReader other = streamed.Open(new HashSet<int> { 0 });
        Assert.True(other.MoveNext());
        object? first = other.Read(0);
        Assert.Equal(Hash(rows), Hash(RowsOf(streamed)));
        Assert.Equal(PythonText.Json(first, streamed.Fields[0].Type), PythonText.Json(other.Read(0), streamed.Fields[0].Type));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void ChartQA_as_Hugging_Face_stores_it_has_the_rows_and_images_of_the_files(bool fromStream)
    {
        string folder = Reference.Path("data", "chartqa-sample"), path = Path.Combine(folder, "val.hf.parquet");
        using FileStream stream = File.OpenRead(path);
        IRowSource parquet = new ParquetRows(fromStream ? DataFile.OfStream(stream, "val.hf.parquet") : DataFile.OfPath(path));
        IRowSource lines = new JsonRows(DataFile.OfPath(Path.Combine(folder, "val.jsonl")));
        Assert.Equal(["image", "query", "label", "human_or_machine"], parquet.Fields.Select(field => field.Name));
        Assert.Equal("image; text; list of text; class of 2", string.Join("; ", parquet.Fields.Select(field => field.Type)));
        Assert.Equal(lines.RowCount, parquet.RowCount);
        using IRowReader left = parquet.Open(new HashSet<int> { 0, 1, 2, 3 }), right = lines.Open(new HashSet<int> { 0, 1, 2, 3 });
        while (right.MoveNext())
        {
            Assert.True(left.MoveNext());
            DataRecord image = Assert.IsType<DataRecord>(left.Read(0));
            Assert.Equal(File.ReadAllBytes(Path.Combine(folder, (string)right.Read(0)!)), (byte[])image.Find("bytes")!);
            Assert.Equal(Path.GetFileName((string)right.Read(0)!), image.Find("path"));
            Assert.Equal(right.Read(1), left.Read(1));
            Assert.Equal((List<object?>)right.Read(2)!, (List<object?>)left.Read(2)!);
            Assert.Equal(right.Read(3), HuggingFaceFeatures.NameOf(parquet.Fields[3].Type.ClassNames!, (long)left.Read(3)!));
        }
        Assert.False(left.MoveNext());
    }

    private static string[] RowsOf(IRowSource source)
    {
        List<string> rows = [];
        DataType row = new(DataKind.Struct) { Fields = source.Fields };
        using IRowReader reader = source.Open(Enumerable.Range(0, source.Fields.Count).ToHashSet());
        while (reader.MoveNext())
        {
            DataRecord record = [];
            for (int field = 0; field < source.Fields.Count; field++)
            {
                record[source.Fields[field].Name] = reader.Read(field);
            }
            rows.Add(PythonText.Json(record, row));
        }
        Assert.Equal(source.RowCount, rows.Count);
        return [.. rows];
    }

    private static string Hash(string[] rows) => Convert.ToHexStringLower(SHA256.HashData(Encoding.ASCII.GetBytes($"[{string.Join(",", rows)}]")));
}
