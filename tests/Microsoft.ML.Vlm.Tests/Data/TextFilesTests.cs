using System.Text;
using Microsoft.ML.Vlm.Data;

namespace Microsoft.ML.Vlm.Tests.Data;

public class TextFilesTests
{
    [Theory]
    [InlineData("{\"a\": 1, \"b\": [\"x\"]}\n\n{\"a\": 2.5, \"c\": null}\r\n", "rows.jsonl", "rows.jsonl, line 3")]
    [InlineData("\n [ {\"a\": 1, \"b\": [\"x\"]},\n{\"a\": 2.5, \"c\": null} ] ", "rows.json", "rows.json, row 1")]
    public void Lines_and_arrays_of_objects_are_rows(string text, string name, string place)
    {
        IRowSource rows = Open(text, name);
        Assert.Equal("a: number, b: list of text, c: null", string.Join(", ", rows.Fields.Select(field => $"{field.Name}: {field.Type}")));
        Assert.Equal(2, rows.RowCount);
        using IRowReader reader = rows.Open(new HashSet<int> { 0, 1, 2 });
        Assert.True(reader.MoveNext());
        Assert.Equal(1L, reader.Read(0));
        Assert.Equal([(object?)"x"], (List<object?>)reader.Read(1)!);
        Assert.Null(reader.Read(2));
        Assert.True(reader.MoveNext());
        Assert.Equal(2.5, reader.Read(0));
        Assert.Null(reader.Read(1));
        Assert.Equal(place, reader.Place);
        Assert.False(reader.MoveNext());
    }

    [Theory]
    [InlineData("{\"a\": 1}\n{\"a\": \n", "rows.jsonl, line 2")]
    [InlineData("{\"a\": 1}\n7\n", "rows.jsonl, line 2: a row is an object")]
    [InlineData("[{\"a\": 1}, 7]", "rows.jsonl, row 1: a row is an object")]
    [InlineData("[{\"a\": 1}, {\"b\"", "rows.jsonl, behind row 0")]
    public void Damaged_JSON_is_named_by_its_line(string text, string message)
        => Assert.Contains(message, Assert.Throws<InvalidDataException>(() => Open(text, "rows.jsonl")).Message, StringComparison.Ordinal);

    [Fact]
    public void Depth_is_bounded()
        => Assert.Throws<InvalidDataException>(() => Open("{\"a\": " + new string('[', 100_000), "rows.jsonl"));

    [Fact]
    public void Quoted_fields_hold_separators_quotes_and_line_ends()
    {
        IRowSource rows = Open("image,question,answer\n1.png,\"one, \"\"two\"\"\nthree\",4\n2.png,é,\n", "rows.csv");
        Assert.Equal(["image", "question", "answer"], rows.Fields.Select(field => field.Name));
        Assert.Equal(2, rows.RowCount);
        using IRowReader reader = rows.Open(new HashSet<int> { 1, 2 });
        Assert.True(reader.MoveNext());
        Assert.Equal("one, \"two\"\nthree", reader.Read(1));
        Assert.True(reader.MoveNext());
        Assert.Equal("é", reader.Read(1));
        Assert.Equal("", reader.Read(2));
        Assert.Equal("rows.csv, line 4", reader.Place);
        Assert.False(reader.MoveNext());
    }

    [Fact]
    public void Tabulators_separate_tsv()
    {
        using IRowReader reader = Open("a\tb\n1, 2\t3\n", "rows.tsv").Open(new HashSet<int> { 0 });
        Assert.True(reader.MoveNext());
        Assert.Equal("1, 2", reader.Read(0));
    }

    [Theory]
    [InlineData("a;b\n1,5;2\n", "1,5")]
    [InlineData("a\tb\n1,5\t2\n", "1,5")]
    [InlineData("a,b;c\n1,2;3\n", "1")]
    [InlineData("\uFEFFa;b\r\n1;2\r\n", "1")]
    public void Spreadsheets_separate_CSV_by_semicolons_too(string text, string first)
    {
        IRowSource rows = Open(text, "rows.csv");
        Assert.Equal("a", rows.Fields[0].Name);
        using IRowReader reader = rows.Open(new HashSet<int> { 0 });
        Assert.True(reader.MoveNext());
        Assert.Equal(first, reader.Read(0));
    }

    [Fact]
    public void A_spreadsheet_is_answered_with_what_to_save_it_as()
        => Assert.Contains("Save the sheet as CSV", Assert.Throws<InvalidDataException>(() => Open("PK", "rows.xlsx")).Message, StringComparison.Ordinal);

    [Theory]
    [InlineData("a,b\n1,2\n3\n", "rows.csv, behind line 2")]
    [InlineData("a,b\n1, 2, 3\n", "has to stand in quotes")]
    [InlineData("a,a\n1,2\n", "rows.csv: the header")]
    public void Damaged_text_is_named_by_its_line(string text, string message)
        => Assert.Contains(message, Assert.Throws<InvalidDataException>(() => Open(text, "rows.csv")).Message, StringComparison.Ordinal);

    [Theory]
    [InlineData("../x.png")]
    [InlineData("/x.png")]
    [InlineData("a/../../x.png")]
    [InlineData("..\\x.png")]
    [InlineData("")]
    [InlineData("x\0.png")]
    public void Paths_stay_in_their_folder(string path) => Assert.Throws<InvalidDataException>(() => FolderPath.Resolve("/data/images", path));

    [Fact]
    public void Paths_of_Windows_are_read_everywhere()
        => Assert.Equal(Path.GetFullPath(Path.Combine("/data/images", "a", "x.png")), FolderPath.Resolve("/data/images", "a\\x.png"));

    [Theory]
    [InlineData("https://example.org/1.png")]
    [InlineData("s3://bucket/1.png")]
    [InlineData("file:///etc/passwd")]
    [InlineData("data:image/png;base64,AAAA")]
    public void Addresses_are_refused(string path)
        => Assert.Contains("download them once", Assert.Throws<NotSupportedException>(() => FolderPath.Resolve("/data/images", path)).Message, StringComparison.Ordinal);

    private static IRowSource Open(string text, string name) => DataFormats.Open(DataFile.OfStream(new MemoryStream(Encoding.UTF8.GetBytes(text)), name));
}
