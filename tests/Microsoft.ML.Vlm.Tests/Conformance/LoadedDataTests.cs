using Microsoft.ML.Data;
using Microsoft.ML.Vlm.Tests.Data;

namespace Microsoft.ML.Vlm.Tests.Conformance;

public sealed class LoadedDataTests : IDisposable
{
    private readonly ColorData _data = new(8);
    private readonly MLContext _ml = new(seed: 1);

    [Fact]
    public void ChartQA_shaped_Parquet_trains_without_a_column_being_named()
    {
        IDataView data = _ml.Data.LoadVlm(WriteChartQa(rows: 8, groupRows: 3));
        Assert.StartsWith("ChartQA: Prompt <- query", data.DescribeVlmColumns(), StringComparison.Ordinal);
        Assert.Equal(8, data.GetRowCount());
        using VlmTransformer model = _ml.Transforms.VlmSft(VlmOptions.Quick()).Fit(data);
        List<VlmTrainingMetrics> log = [], plain = [];
        using VlmTransformer fromParquet = _ml.Transforms.VlmSft(VlmOptions.Quick(options => options.MetricsCallback = log.Add)).Fit(data);
        using VlmTransformer fromFiles = _ml.Transforms.VlmSft(VlmOptions.Quick(options => options.MetricsCallback = plain.Add)).Fit(_data.LoadWithImages(_ml));
        Assert.Equal(plain.Select(metrics => metrics.Loss), log.Select(metrics => metrics.Loss));
        Assert.Equal(8, _ml.Vlm().Evaluate(fromParquet.Transform(data), labelColumnName: "label").Count);
    }

    [Fact]
    public void Columns_have_the_types_that_were_promised_in_every_cursor()
    {
        IDataView data = _ml.Data.LoadVlm(WriteChartQa(rows: 8, groupRows: 3));
        Assert.Equal(
            "Prompt: String, Label: String, Image: ImageSequence, query: String, label: Vector<String>, number: Double",
            string.Join(", ", data.Schema.Select(column => $"{column.Name}: {(column.Type is VectorDataViewType vector ? $"Vector<{vector.ItemType}>" : column.Type)}")));
        using DataViewRowCursor one = data.GetRowCursor([data.Schema["label"], data.Schema["number"]]), other = data.GetRowCursor(data.Schema);
        Assert.False(one.IsColumnActive(data.Schema["Image"]));
        Assert.Throws<ArgumentOutOfRangeException>(() => one.GetGetter<ImageSequence>(data.Schema["Image"]));
        Assert.Throws<InvalidOperationException>(() => one.GetGetter<float>(data.Schema["number"]));
        ValueGetter<VBuffer<ReadOnlyMemory<char>>> labels = one.GetGetter<VBuffer<ReadOnlyMemory<char>>>(data.Schema["label"]);
        ValueGetter<double> number = one.GetGetter<double>(data.Schema["number"]);
        ValueGetter<ImageSequence> image = other.GetGetter<ImageSequence>(data.Schema["Image"]);
        VBuffer<ReadOnlyMemory<char>> values = default;
        Assert.Throws<InvalidOperationException>(() => labels(ref values));
        for (int row = 0; row < 8; row++)
        {
            Assert.True(one.MoveNext() && other.MoveNext());
            Assert.Equal(row, one.Position);
            labels(ref values);
            Assert.Equal([_data.Rows[row].Label, "more"], values.DenseValues().Select(text => text.ToString()));
            double value = 0;
            number(ref value);
            Assert.Equal(row, value);
            ImageSequence sequence = null!;
            image(ref sequence);
            Assert.Equal(12 + row, sequence.Images[0].Width);
        }
        Assert.False(one.MoveNext());
        Assert.False(one.MoveNext());
        Assert.Equal(-1, one.Position);
    }

    [Fact]
    public void Lines_beside_a_folder_of_images_train_the_same_and_classes_of_ML_NET_read_them()
    {
        string path = WriteLines("train.jsonl");
        IDataView data = _ml.Data.LoadVlm(path);
        using VlmTransformer fromLines = _ml.Transforms.VlmSft(VlmOptions.Quick()).Fit(data);
        using VlmTransformer fromFiles = _ml.Transforms.VlmSft(VlmOptions.Quick()).Fit(_data.LoadWithImages(_ml));
        VlmOptions.AssertSame(fromFiles.Answers(_ml, _data.LoadWithImages(_ml)), fromLines.Answers(_ml, data));
        Assert.Equal(_data.Rows.Select(row => row.Label), _ml.Data.CreateEnumerable<Row>(data, reuseRowObject: false).Select(row => row.Label));
        Assert.Equal(3, _ml.Data.CreateEnumerable<Row>(_ml.Data.TakeRows(data, 3), reuseRowObject: false).Count());
        Assert.Equal(3, _ml.Data.CreateEnumerable<Row>(_ml.Data.LoadVlm(path, new VlmDataOptions { MaxRows = 3 }), reuseRowObject: false).Count());
        DataOperationsCatalog.TrainTestData split = _ml.Data.TrainTestSplit(data, 0.5);
        Assert.Equal(8, new[] { split.TrainSet, split.TestSet }.Sum(part => _ml.Data.CreateEnumerable<Row>(part, reuseRowObject: false).Count(row => row.Image.Count == 1)));
    }

    [Fact]
    public void A_model_of_loaded_data_saves_and_loads_with_its_schema()
    {
        IDataView data = _ml.Data.LoadVlm(WriteChartQa(rows: 8, groupRows: 8));
        using VlmTransformer model = _ml.Transforms.VlmSft(VlmOptions.Quick()).Fit(data);
        _ml.Model.Save(model, data.Schema, _data.Path("model.zip"));
        ITransformer loaded = new MLContext().Model.Load(_data.Path("model.zip"), out _);
        VlmOptions.AssertSame(model.Answers(_ml, data), loaded.Answers(_ml, data));
        (loaded as IDisposable)?.Dispose();
    }

    [Fact]
    public void LLaVA_conversations_train_by_their_column()
    {
        string path = _data.Path("llava.json");
        File.WriteAllText(path, "[" + string.Join(",", _data.Rows.Select(row =>
            $$"""{"id": "{{row.Number}}", "image": "{{row.ImagePath}}", "conversations": [{"from": "human", "value": "<image>\n{{row.Prompt}}"}, {"from": "gpt", "value": "{{row.Label}}"}]}""")) + "]");
        using VlmTransformer model = _ml.Transforms.VlmSft(VlmOptions.Quick(options => options.MessagesColumnName = "Messages")).Fit(_ml.Data.LoadVlm(path));
        Assert.Equal(8, model.Answers(_ml, _ml.Data.LoadVlm(path)).Length);
        Assert.Contains("set MessagesColumnName = \"Messages\"", Assert.Throws<ArgumentOutOfRangeException>(
            () => _ml.Transforms.VlmSft(VlmOptions.Quick()).Fit(_ml.Data.LoadVlm(path))).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_corrupt_image_is_an_error_that_names_row_file_and_reason()
    {
        IDataView data = _ml.Data.LoadVlm(WriteChartQa(rows: 8, groupRows: 3, corrupt: 4));
        InvalidDataException error = Assert.Throws<InvalidDataException>(() => _ml.Transforms.VlmSft(VlmOptions.Quick()).Fit(data));
        Assert.Contains("row 4", error.Message, StringComparison.Ordinal);
        Assert.Contains("chartqa.parquet", error.Message, StringComparison.Ordinal);
        Assert.Contains("is not a readable PNG", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Rows_with_corrupt_images_are_left_out_counted_and_kept_apart()
    {
        string path = WriteChartQa(rows: 8, groupRows: 3, corrupt: 4);
        List<VlmRejectedRow> rejected = [];
        string? warning = null;
        _ml.Log += (_, line) => warning = line.Message.Contains("left out", StringComparison.Ordinal) ? line.Message : warning;
        IDataView data = _ml.Data.LoadVlm(path, new VlmDataOptions
        {
            CorruptImages = CorruptImagePolicy.Quarantine,
            QuarantinePath = _data.Path("rejected.jsonl"),
            RejectedRowCallback = rejected.Add,
        });
        Assert.Null(data.GetRowCount());
        string[] kept = [.. _data.Rows.Where(row => row.Number != 4).Select(row => row.Prompt)];
        for (int pass = 0; pass < 2; pass++)
        {
            Assert.Equal(kept, _ml.Data.CreateEnumerable<Row>(data, reuseRowObject: false).Select(row => row.Prompt));
        }
        Assert.Equal(7, data.GetRowCount());
        Assert.Equal(4, Assert.Single(rejected).Row);
        Assert.Contains("1 of 8 rows", warning, StringComparison.Ordinal);
        string line = Assert.Single(File.ReadAllLines(_data.Path("rejected.jsonl")));
        Assert.Contains("\"row\":4", line, StringComparison.Ordinal);
        Assert.Contains("which color 4?", line, StringComparison.Ordinal);
        using VlmTransformer model = _ml.Transforms.VlmSft(VlmOptions.Quick()).Fit(_ml.Data.LoadVlm(path, new VlmDataOptions { CorruptImages = CorruptImagePolicy.Skip }));
    }

    [Theory]
    [InlineData("https://example.org/1.png", "download them once")]
    [InlineData("../1.png", "not inside the image folder")]
    [InlineData("missing.png", "There is no image file")]
    public void Paths_that_are_no_files_of_the_folder_are_refused_by_row(string image, string message)
    {
        File.AppendAllText(WriteLines("train.jsonl"), $$"""{"image": "{{image}}", "prompt": "q", "completion": "a"}""" + "\n");
        IDataView data = _ml.Data.LoadVlm(_data.Path("train.jsonl"));
        Exception error = Assert.ThrowsAny<Exception>(() => _ml.Data.CreateEnumerable<Row>(data, reuseRowObject: false).Select(row => row.Image.Images.Count).ToList());
        string text = $"{error.Message} {error.InnerException?.Message}";
        Assert.Contains(message, text, StringComparison.Ordinal);
        Assert.Contains("ow 8 (", text, StringComparison.Ordinal);
        Assert.Contains("line 9", text, StringComparison.Ordinal);
    }

    [Fact]
    public void A_stream_is_read_as_often_as_it_is_asked_for()
    {
        using MemoryStream stream = new(File.ReadAllBytes(WriteChartQa(rows: 8, groupRows: 3)));
        IDataView data = _ml.Data.LoadVlm(stream, "chartqa.parquet");
        using DataViewRowCursor one = data.GetRowCursor(data.Schema);
        Assert.True(one.MoveNext());
        Assert.Equal(8, _ml.Data.CreateEnumerable<Row>(data, reuseRowObject: false).Count());
        Assert.Throws<ArgumentException>(() => _ml.Data.LoadVlm(new System.IO.Pipes.AnonymousPipeServerStream(), "x.parquet"));
    }

    [Theory]
    [InlineData("rows.xml", "rows are read from .parquet")]
    public void Unknown_forms_are_refused(string name, string message)
    {
        File.WriteAllText(_data.Path(name), "x");
        Assert.Contains(message, Assert.Throws<InvalidDataException>(() => _ml.Data.LoadVlm(_data.Path(name))).Message, StringComparison.Ordinal);
    }

    public void Dispose() => _data.Dispose();

    private string WriteChartQa(int rows, int groupRows, int? corrupt = null)
    {
        string path = _data.Path("chartqa.parquet");
        ParquetFiles.Write(
            path, groupRows,
            ("image", Enumerable.Range(0, rows).Select(row => row == corrupt ? [1, 2, 3] : File.ReadAllBytes(_data.Path(_data.Rows[row].ImagePath))).ToArray()),
            ("query", _data.Rows.Take(rows).Select(row => row.Prompt).ToArray()),
            ("label", _data.Rows.Take(rows).Select(row => new[] { row.Label, "more" }).ToArray()),
            ("number", Enumerable.Range(0, rows).Select(row => (long)row).ToArray()));
        return path;
    }

    private string WriteLines(string name)
    {
        File.WriteAllLines(_data.Path(name), _data.Rows.Select(row => $$"""{"image": "{{row.ImagePath}}", "prompt": "{{row.Prompt}}", "completion": "{{row.Label}}"}"""));
        return _data.Path(name);
    }

    private sealed class Row
    {
        public string Prompt { get; set; } = "";

        public string Label { get; set; } = "";

        [ImageSequence]
        public ImageSequence Image { get; set; } = ImageSequence.Empty;
    }
}
