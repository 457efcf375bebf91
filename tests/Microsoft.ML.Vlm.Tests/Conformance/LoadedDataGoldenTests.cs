using System.Text.Json;
using Microsoft.ML.Data;

namespace Microsoft.ML.Vlm.Tests.Conformance;

/// <summary>Real data sets as data views.</summary>
[Trait("Category", "Golden")]
public class LoadedDataGoldenTests
{
    private readonly MLContext _ml = new(seed: 1);

    [Fact]
    public void ChartQA_is_one_view_from_Parquet_and_from_lines_beside_images()
    {
        IDataView parquet = _ml.Data.LoadVlm(Reference.Path("data", "chartqa-sample", "val.hf.parquet"));
        IDataView lines = _ml.Data.LoadVlm(Reference.Path("data", "chartqa-sample"), new VlmDataOptions { Split = "validation" });
        Assert.Equal("ChartQA: Prompt <- query; Label <- label (the first where there are several); Image <- image (images in the data)", parquet.DescribeVlmColumns());
        Row[] left = Rows(parquet), right = Rows(lines);
        Assert.Equal(30, left.Length);
        Assert.Equal(right.Select(row => (row.Prompt, row.Label, row.Source)), left.Select(row => (row.Prompt, row.Label, row.Source)));
        Assert.Equal(right.Select(row => row.Image.Images[0].ContentHash), left.Select(row => row.Image.Images[0].ContentHash));
    }

    [Fact]
    public void Conversations_with_images_and_a_nested_answer_train_by_a_mapping()
    {
        IDataView data = _ml.Data.LoadVlm(Reference.Path("data", "parquet", "deepeyes_mini_10.parquet"), new VlmDataOptions
        {
            ColumnMapping = { ["prompt"] = "prompt", ["reward_model.ground_truth"] = "completion" },
        });
        Row[] rows = Rows(data);
        JsonElement first = JsonDocument.Parse(rows[0].Prompt).RootElement;
        Assert.Equal(["system", "user"], first.EnumerateArray().Select(turn => turn.GetProperty("role").GetString()));
        Assert.Equal("""[{"role":"assistant","content":"No, the car is not on the left side of the person."}]""", rows[0].Label);
        Assert.All(rows, row => Assert.Equal(1, row.Image.Count));
        VlmDataReport report = _ml.Vlm().Inspect(data, VlmOptions.Quick());
        Assert.DoesNotContain(report.Issues, issue => issue.IsError);
    }

    private Row[] Rows(IDataView data) => [.. _ml.Data.CreateEnumerable<Row>(data, reuseRowObject: false, ignoreMissingColumns: true)];

    private sealed class Row
    {
        public string Prompt { get; set; } = "";

        public string Label { get; set; } = "";

        [ColumnName("human_or_machine")]
        public string Source { get; set; } = "";

        [ImageSequence]
        public ImageSequence Image { get; set; } = ImageSequence.Empty;
    }
}
