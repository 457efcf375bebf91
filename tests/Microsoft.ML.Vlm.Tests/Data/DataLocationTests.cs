using Microsoft.ML.Vlm.Data;

namespace Microsoft.ML.Vlm.Tests.Data;

public sealed class DataLocationTests : IDisposable
{
    private const string Row = "{\"question\": \"q\", \"answer\": \"a\", \"kind\": 1}";

    private readonly string _folder = Directory.CreateTempSubdirectory("vlm-test-").FullName;

    [Theory]
    [InlineData(null, "train", "data/train-00000-of-00002.jsonl data/train-00001-of-00002.jsonl")]
    [InlineData("val", "val", "data/val-00000-of-00001.jsonl")]
    [InlineData("validation", "val", "data/val-00000-of-00001.jsonl")]
    public void Files_named_for_a_split_are_found(string? split, string found, string files)
    {
        Write("data/train-00000-of-00002.jsonl", "data/train-00001-of-00002.jsonl", "data/val-00000-of-00001.jsonl", "data/test.csv", "other.txt");
        AssertFound(DataLocation.Find(_folder, split, null), found, files);
        Assert.Contains("there are train, val, test", Assert.Throws<InvalidDataException>(() => DataLocation.Find(_folder, "extra", null)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Files_that_describe_are_no_data()
    {
        Write("train.json", "dataset_infos.json", "notes.json", ".cache/train.json");
        AssertFound(DataLocation.Find(_folder, null, null), "train", "train.json");
        Write("saved/data-00000-of-00001.arrow", "saved/state.json");
        Assert.Contains("save_to_disk", Assert.Throws<InvalidDataException>(() => DataLocation.Find(Path.Combine(_folder, "saved"), null, null)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_README_names_configurations_splits_and_classes()
    {
        Write("a/one.jsonl", "a/two.jsonl", "b/x.jsonl", "b/y.jsonl");
        File.WriteAllText(Path.Combine(_folder, "README.md"), """
            ---
            license: mit
            dataset_info:
            - config_name: small
              features:
              - name: kind
                dtype:
                  class_label:
                    names:
                      '0': human
                      '1': machine
            configs:
            - config_name: large
              data_files:
              - split: train
                path: a/*
            - config_name: small
              default: true
              data_files:
              - split: learn
                path:
                - b/x*
                - b/y*
              - split: test
                path: b/y*
            ---
            # Text
            """);
        DataLocation small = DataLocation.Find(_folder, "learn", null);
        AssertFound(small, "learn", "b/x.jsonl b/y.jsonl");
        Assert.Equal(["human", "machine"], small.Features.ClassNames["kind"]);
        AssertFound(DataLocation.Find(_folder, null, "large"), "train", "a/one.jsonl a/two.jsonl");
        Assert.Contains("Name one with Split", Assert.Throws<InvalidDataException>(() => DataLocation.Find(_folder, null, null)).Message, StringComparison.Ordinal);
        Assert.Contains("there are large, small", Assert.Throws<InvalidDataException>(() => DataLocation.Find(_folder, null, "tiny")).Message, StringComparison.Ordinal);
        LoadedRows rows = LoadedRows.Find(_folder, new VlmDataOptions { Split = "learn" });
        Assert.Equal(2, rows.RowCount);
        using IRowReader reader = rows.Source.Open(new HashSet<int> { 2 });
        Assert.True(reader.MoveNext());
        MappedColumn kind = rows.Map.Columns.Single(column => column.Name == "kind");
        Assert.Equal("machine", ColumnValues.ToText(reader.Read(2), kind.Sources[0].Type.ClassNames));
    }

    [Fact]
    public void Image_folders_have_their_metadata_beside_the_images()
    {
        Directory.CreateDirectory(Path.Combine(_folder, "train"));
        File.WriteAllText(Path.Combine(_folder, "train", "metadata.csv"), "file_name,question,answer\n1.png,q,a\n");
        LoadedRows rows = LoadedRows.Find(_folder, new VlmDataOptions());
        Assert.Equal("visual question answering: Prompt <- question; Label <- answer; Image <- file_name (paths of images)", rows.Map.ToString());
        Assert.Equal(Path.Combine(_folder, "train"), rows.ImageFolder);
    }

    [Fact]
    public void Patterns_go_through_folders_and_sort()
    {
        Write("x/b.jsonl", "x/a.jsonl", "x/deep/c.jsonl", "x/d.csv");
        AssertFound(DataLocation.Find(Path.Combine(_folder, "x", "*.jsonl"), null, null), null, "x/a.jsonl x/b.jsonl");
        AssertFound(DataLocation.Find(Path.Combine(_folder, "**", "?.jsonl"), null, null), null, "x/a.jsonl x/b.jsonl x/deep/c.jsonl");
        Assert.Contains("different forms", Assert.Throws<InvalidDataException>(() => DataLocation.Find(Path.Combine(_folder, "x", "*"), null, null)).Message, StringComparison.Ordinal);
        Assert.Throws<FileNotFoundException>(() => DataLocation.Find(Path.Combine(_folder, "z*"), null, null));
        Assert.Throws<FileNotFoundException>(() => DataLocation.Find("organization/name", null, null));
    }

    [Theory]
    [InlineData("---\n: [\n---\n", true)]
    [InlineData("# No head\n", false)]
    [InlineData("---\nconfigs: 7\ndataset_info: [1, {features: {name: x}}]\n---\n", false)]
    [InlineData("---\nnever closed", false)]
    public void Strange_READMEs_are_an_error_or_passed_over(string text, bool isError)
    {
        Write("train.jsonl");
        File.WriteAllText(Path.Combine(_folder, "README.md"), text);
        if (isError)
        {
            Assert.Contains("README.md", Assert.Throws<InvalidDataException>(() => DataLocation.Find(_folder, null, null)).Message, StringComparison.Ordinal);
        }
        else
        {
            AssertFound(DataLocation.Find(_folder, null, null), "train", "train.jsonl");
        }
    }

    [Fact]
    public void Files_of_different_columns_are_joined_or_named()
    {
        Write("a.jsonl");
        File.WriteAllText(Path.Combine(_folder, "b.jsonl"), "{\"question\": \"r\", \"more\": true}\n");
        File.WriteAllText(Path.Combine(_folder, "c.jsonl"), "{\"question\": [\"r\"]}\n");
        IRowSource joined = JoinedRows.Create("both", [Open("a.jsonl"), Open("b.jsonl")]);
        Assert.Equal(["question", "answer", "kind", "more"], joined.Fields.Select(field => field.Name));
        using IRowReader reader = joined.Open(new HashSet<int> { 0, 1, 3 });
        Assert.True(reader.MoveNext());
        Assert.Equal(("q", "a", null), (reader.Read(0), reader.Read(1), reader.Read(3)));
        Assert.True(reader.MoveNext());
        Assert.Equal(("r", null, true), (reader.Read(0), reader.Read(1), reader.Read(3)));
        Assert.False(reader.MoveNext());
        Assert.Contains("'question' is text in", Assert.Throws<InvalidDataException>(() => JoinedRows.Create("x", [Open("a.jsonl"), Open("c.jsonl")])).Message, StringComparison.Ordinal);
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private JsonRows Open(string name) => new(DataFile.OfPath(Path.Combine(_folder, name)));

    private void Write(params string[] files)
    {
        foreach (string file in files)
        {
            string path = Path.Combine(_folder, file);
            Directory.CreateDirectory(Path.GetDirectoryName(path)!);
            File.WriteAllText(path, Row + "\n");
        }
    }

    private void AssertFound(DataLocation location, string? split, string files)
    {
        Assert.Equal(split, location.Split);
        Assert.Equal(files, string.Join(' ', location.Files.Select(file => Path.GetRelativePath(_folder, file).Replace('\\', '/'))));
    }
}
