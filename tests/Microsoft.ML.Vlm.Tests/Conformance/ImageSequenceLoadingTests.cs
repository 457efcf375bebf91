using System.Reflection;
using Microsoft.ML.Vlm.Data;
using Microsoft.ML.Vlm.Tests.Images;

namespace Microsoft.ML.Vlm.Tests.Conformance;

public sealed class ImageSequenceLoadingTests : IDisposable
{
    private readonly MLContext _ml = new(seed: 1);
    private readonly string _folder = Directory.CreateTempSubdirectory("image-sequence-").FullName;

    public ImageSequenceLoadingTests()
    {
        Directory.CreateDirectory(Path.Combine(_folder, "sub"));
        File.WriteAllBytes(Path.Combine(_folder, "a.png"), ImageFiles.Png(1, 1, 8, 2, [1, 2, 3]));
        File.WriteAllBytes(Path.Combine(_folder, "sub", "b.png"), ImageFiles.Png(2, 1, 8, 2, [4, 5, 6, 7, 8, 9]));
        File.WriteAllBytes(Path.Combine(_folder, "broken.png"), [1, 2, 3]);
    }

    [Fact]
    public void Paths_become_images_and_empty_entries_are_skipped()
    {
        IDataView data = Load(["a.png", "sub/b.png"], [], ["", "a.png"]);
        ImageSequenceLoadingEstimator estimator = _ml.Transforms.LoadImageSequence("Images", _folder, "Paths");

        Output[] rows = Rows(estimator.Fit(data).Transform(data));

        Assert.Equal([2, 0, 1], rows.Select(row => row.Images!.Count));
        Assert.Equal([1, 2, 3], rows[0].Images!.Images[0].Samples);
        Assert.Equal([4, 5, 6, 7, 8, 9], rows[0].Images!.Images[1].Samples);
        Assert.Equal([1, 2, 3], rows[2].Images!.Images[0].Samples);
    }

    [Fact]
    public void The_promised_schema_is_the_real_one()
    {
        IDataView data = Load(["a.png"]);
        ImageSequenceLoadingEstimator estimator = _ml.Transforms.LoadImageSequence("Images", _folder, "Paths");
        string[] promised = Describe(estimator.GetOutputSchema(Shape(data.Schema)));
        ITransformer transformer = estimator.Fit(data);
        DataViewSchema real = transformer.GetOutputSchema(data.Schema);
        Assert.Equal(promised, Describe(Shape(real)));
        Assert.Equal(promised, Describe(Shape(transformer.Transform(data).Schema)));
        Assert.Equal(promised, Describe(Shape(transformer.GetRowToRowMapper(data.Schema).OutputSchema)));
        Assert.Same(ImageSequenceDataViewType.Instance, real["Images"].Type);
    }

    [Fact]
    public void A_saved_loader_loads_alone_and_in_a_chain_and_serves_single_rows()
    {
        IDataView data = Load(["a.png", "sub/b.png"]);
        ITransformer chain = _ml.Transforms.CopyColumns("Copy", "Paths").Append(_ml.Transforms.LoadImageSequence("Images", _folder, "Copy")).Fit(data);
        using var zip = new MemoryStream();
        _ml.Model.Save(chain, data.Schema, zip);
        zip.Position = 0;

        ITransformer loaded = new MLContext().Model.Load(zip, out DataViewSchema schema);

        Assert.Equal(2, Rows(loaded.Transform(data))[0].Images!.Count);
        using PredictionEngine<Input, Output> engine = _ml.Model.CreatePredictionEngine<Input, Output>(loaded, schema);
        Assert.Equal([1, 2, 3], engine.Predict(new Input { Paths = ["a.png"] }).Images!.Images[0].Samples);
    }

    [Fact]
    public void Without_a_folder_paths_stand_for_themselves()
    {
        IDataView data = Load([Path.Combine(_folder, "a.png")]);
        Assert.Equal(1, Rows(_ml.Transforms.LoadImageSequence("Images", null, "Paths").Fit(data).Transform(data))[0].Images!.Count);
    }

    [Theory]
    [InlineData("../a.png")]
    [InlineData("sub/../../a.png")]
    [InlineData("/etc/hostname")]
    public void Paths_do_not_leave_their_folder(string path)
    {
        Assert.Contains(
            "not inside the image folder", Assert.Throws<InvalidDataException>(() => FolderPath.Resolve(_folder, path)).Message, StringComparison.Ordinal);
        Assert.Equal(Path.Combine(_folder, "a.png"), FolderPath.Resolve(_folder, "sub/../a.png"));
    }

    [Theory]
    [InlineData("missing.png", "There is no image file")]
    [InlineData("broken.png", "is not a readable")]
    [InlineData("../x.png", "not inside the image folder")]
    public void Errors_name_row_column_and_entry(string path, string reason)
    {
        IDataView data = Load(["a.png"], ["a.png", path]);
        IDataView images = _ml.Transforms.LoadImageSequence("Images", _folder, "Paths").Fit(data).Transform(data);
        InvalidDataException error = Assert.Throws<InvalidDataException>(() => Rows(images));
        Assert.StartsWith("Row 1, column 'Paths', entry 1: ", error.Message, StringComparison.Ordinal);
        Assert.Contains(reason, error.Message, StringComparison.Ordinal);
        Assert.Contains(Path.GetFileName(path), error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Columns_of_the_wrong_type_are_refused_before_any_row()
    {
        IDataView data = _ml.Data.LoadFromEnumerable([new Single { Path = "a.png" }]);
        Assert.Contains("vector of String", Assert.ThrowsAny<Exception>(() => _ml.Transforms.LoadImageSequence("Images", _folder, "Path").Fit(data)).Message, StringComparison.Ordinal);
        Assert.Contains("Missing", Assert.ThrowsAny<Exception>(() => _ml.Transforms.LoadImageSequence("Images", _folder, "Missing").Fit(data)).Message, StringComparison.Ordinal);
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    // The shape of a real schema is internal to ML.NET.
    private static SchemaShape Shape(DataViewSchema schema)
        => (SchemaShape)typeof(SchemaShape).GetMethod("Create", BindingFlags.NonPublic | BindingFlags.Static)!.Invoke(null, [schema])!;

    private static string[] Describe(SchemaShape shape) => [.. shape.Select(column => $"{column.Name}: {column.Kind} {column.ItemType} {column.IsKey}").Order()];

    private IDataView Load(params string[][] rows) => _ml.Data.LoadFromEnumerable(rows.Select(paths => new Input { Paths = paths }).ToArray());

    private Output[] Rows(IDataView data) => [.. _ml.Data.CreateEnumerable<Output>(data, reuseRowObject: false, ignoreMissingColumns: true)];

    private sealed class Input
    {
        public string[]? Paths { get; set; }
    }

    private sealed class Single
    {
        public string? Path { get; set; }
    }

    private sealed class Output
    {
        [ImageSequence]
        public ImageSequence? Images { get; set; }
    }
}
