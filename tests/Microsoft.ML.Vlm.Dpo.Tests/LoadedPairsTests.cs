using Microsoft.ML.Vlm.Tests.Conformance;
using Microsoft.ML.Vlm.Tests.Data;

namespace Microsoft.ML.Vlm.Dpo.Tests;

public sealed class LoadedPairsTests : IDisposable
{
    private readonly ColorData _colors = new(4);
    private readonly MLContext _ml = new(seed: 1);

    [Fact]
    public void RLAIF_V_shaped_Parquet_trains_without_a_column_being_named()
    {
        string path = _colors.Path("rlaif.parquet");
        ParquetFiles.Write(
            path, 3,
            ("ds_name", _colors.Rows.Select(_ => "RLAIF-V").ToArray()),
            ("image", _colors.Rows.Select(row => File.ReadAllBytes(_colors.Path(row.ImagePath))).ToArray()),
            ("question", _colors.Rows.Select(row => row.Prompt).ToArray()),
            ("chosen", _colors.Rows.Select(row => row.Label).ToArray()),
            ("rejected", _colors.Rows.Select(row => $"no {row.Label}").ToArray()),
            ("idx", new long[] { 0, 1, 2, 3 }),
            ("image_path", _colors.Rows.Select(row => row.ImagePath).ToArray()));
        IDataView data = _ml.Data.LoadVlm(path);
        Assert.Equal("RLAIF-V preferences: Prompt <- question; Chosen <- chosen; Rejected <- rejected; Image <- image (images in the data)", data.DescribeVlmColumns());
        List<VlmTrainingMetrics> log = [];
        using VlmTransformer model = Fit(data, log);
        Assert.Equal(Math.Log(2), log[0].Loss, 6);
    }

    [Fact]
    public void Pairs_of_turns_in_lines_train_the_same_as_texts()
    {
        File.WriteAllLines(_colors.Path("turns.jsonl"), _colors.Rows.Select(row => $$"""
            {"prompt": [{"role": "user", "content": [{"type": "image", "text": null}, {"type": "text", "text": "{{row.Prompt}}"}]}], "images": ["{{row.ImagePath}}"], "chosen": [{"role": "assistant", "content": "{{row.Label}}"}], "rejected": [{"role": "assistant", "content": "no"}]}
            """));
        File.WriteAllLines(_colors.Path("texts.jsonl"), _colors.Rows.Select(row => $$"""{"query": "{{row.Prompt}}", "image": "{{row.ImagePath}}", "chosen": "{{row.Label}}", "rejected": "no"}"""));
        List<VlmTrainingMetrics> turns = [], texts = [];
        using VlmTransformer fromTurns = Fit(_ml.Data.LoadVlm(_colors.Path("turns.jsonl")), turns);
        using VlmTransformer fromTexts = Fit(_ml.Data.LoadVlm(_colors.Path("texts.jsonl")), texts);
        Assert.Equal(texts.Select(metrics => metrics.Loss), turns.Select(metrics => metrics.Loss));
    }

    public void Dispose() => _colors.Dispose();

    private VlmTransformer Fit(IDataView data, List<VlmTrainingMetrics> log) => _ml.Transforms.VlmDpo(new VlmDpoEstimator.Options
    {
        ModelPath = TinyVlm.Folder,
        Lora = new LoraOptions { Rank = 2, Alpha = 4 },
        BatchSize = 4,
        MaxSteps = 2,
        LoggingSteps = 1,
        MetricsCallback = log.Add,
    }).Fit(data);
}
