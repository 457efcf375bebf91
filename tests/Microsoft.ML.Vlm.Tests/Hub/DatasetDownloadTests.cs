using Microsoft.ML.Vlm.Fakes;
using Microsoft.ML.Vlm.Tests.Conformance;
using Microsoft.ML.Vlm.Tests.Data;

namespace Microsoft.ML.Vlm.Tests.Hub;

public sealed class DatasetDownloadTests : IAsyncLifetime
{
    private readonly ColorData _colors = new(4);
    private readonly MLContext _ml = new(seed: 1);
    private HubFixture _fixture = null!;

    public async ValueTask InitializeAsync() => _fixture = await HubFixture.StartAsync();

    [Fact]
    public void A_data_set_trains_by_its_id_and_only_the_split_comes()
    {
        string parquet = _colors.Path("chartqa.parquet");
        ParquetFiles.Write(
            parquet, 2,
            ("image", _colors.Rows.Select(row => File.ReadAllBytes(_colors.Path(row.ImagePath))).ToArray()),
            ("query", _colors.Rows.Select(row => row.Prompt).ToArray()),
            ("label", _colors.Rows.Select(row => new[] { row.Label }).ToArray()),
            ("human_or_machine", new long[] { 0, 1, 0, 1 }));
        _fixture.Hub.AddDataset("org/charts").Commit(new Dictionary<string, FakeContent?>
        {
            ["README.md"] = FakeContent.Of("README.md", """
                ---
                dataset_info:
                  features:
                  - name: human_or_machine
                    dtype:
                      class_label:
                        names:
                          '0': human
                          '1': machine
                configs:
                - config_name: default
                  data_files:
                  - split: train
                    path: data/train-*
                  - split: val
                    path: data/val-*
                ---
                """u8.ToArray()),
            ["data/train-00000-of-00001-abc.parquet"] = FakeContent.Of("data/train-00000-of-00001-abc.parquet", File.ReadAllBytes(parquet)),
            ["data/val-00000-of-00001-abc.parquet"] = FakeContent.Of("data/val-00000-of-00001-abc.parquet", File.ReadAllBytes(parquet)),
        });
        IDataView data = _ml.Data.LoadVlm("org/charts", new VlmDataOptions { Hub = _fixture.Options() });
        Assert.Equal(4, data.GetRowCount());
        Assert.Equal(["human", "machine", "human", "machine"], _ml.Data.CreateEnumerable<Row>(data, reuseRowObject: false).Select(row => row.Source));
        Assert.DoesNotContain(_fixture.Hub.Requests, request => request.Path.Contains("/val-", StringComparison.Ordinal));
        using VlmTransformer model = _ml.Transforms.VlmSft(VlmOptions.Quick()).Fit(data);

        // Again from the cache, without the hub; the split that was not fetched is not there.
        VlmDataOptions offline = new() { Hub = _fixture.Options(isOffline: true) };
        Assert.Equal(4, _ml.Data.LoadVlm("org/charts", offline).GetRowCount());
        offline.Split = "val";
        Assert.Equal(HubErrorKind.NotInCache, Assert.Throws<HubException>(() => _ml.Data.LoadVlm("org/charts", offline)).Kind);
    }

    [Fact]
    public void Lines_bring_the_images_beside_them()
    {
        Dictionary<string, FakeContent?> files = _colors.Rows.ToDictionary(row => $"images/{row.ImagePath}", row => (FakeContent?)FakeContent.Of(row.ImagePath, File.ReadAllBytes(_colors.Path(row.ImagePath))));
        string lines = string.Concat(_colors.Rows.Select(row => $$"""{"image": "images/{{row.ImagePath}}", "question": "{{row.Prompt}}", "answer": "{{row.Label}}"}""" + "\n"));
        files["train.jsonl"] = FakeContent.Of("train.jsonl", System.Text.Encoding.UTF8.GetBytes(lines));
        files["run.py"] = FakeContent.Of("run.py", "print()"u8.ToArray());
        _fixture.Hub.AddDataset("org/colors").Commit(files);
        IDataView data = _ml.Data.LoadVlm("org/colors", new VlmDataOptions { Hub = _fixture.Options() });
        Assert.Equal([12, 13, 14, 15], _ml.Data.CreateEnumerable<Pictures>(data, reuseRowObject: false).Select(row => row.Image.Images[0].Width));
        Assert.DoesNotContain(_fixture.Hub.Requests, request => request.Path.EndsWith("run.py", StringComparison.Ordinal));
    }

    [Fact]
    public void An_id_that_nobody_has_is_an_error_that_says_both()
    {
        HubException error = Assert.Throws<HubException>(() => _ml.Data.LoadVlm("org/nothing", new VlmDataOptions { Hub = _fixture.Options() }));
        Assert.Contains("There is no file or folder", error.Message, StringComparison.Ordinal);
    }

    public async ValueTask DisposeAsync()
    {
        _colors.Dispose();
        await _fixture.DisposeAsync();
    }

    private sealed class Row
    {
        [Microsoft.ML.Data.ColumnName("human_or_machine")]
        public string Source { get; set; } = "";
    }

    private sealed class Pictures
    {
        [ImageSequence]
        public ImageSequence Image { get; set; } = ImageSequence.Empty;
    }
}
