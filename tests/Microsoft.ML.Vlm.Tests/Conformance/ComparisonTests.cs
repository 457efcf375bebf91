using Microsoft.ML.Data;

namespace Microsoft.ML.Vlm.Tests.Conformance;

public sealed class ComparisonTests : IDisposable
{
    private readonly MLContext _ml = new(seed: 1);
    private readonly ColorData _data = new(6);

    [Fact]
    public void Models_are_compared_row_by_row()
    {
        using VlmTransformer before = Apply(), after = Train();
        IDataView data = Pairs();

        VlmComparison comparison = _ml.Vlm().Compare([("base", before), ("tuned", after)], data, Options);

        Assert.Equal(["base", "tuned"], comparison.Models.Select(model => model.Name));
        Assert.Equal(6, comparison.Rows.Count);
        string[] expected = [.. after.Answers(_ml, data).Select(answer => answer.Response)];
        Assert.Equal(expected, comparison.Rows.Select(row => row.Answers[1]));
        Assert.Equal(_ml.Vlm().Evaluate(after.Transform(data), metric: VlmMetric.ExactMatch).RowScores, comparison.Models[1].Metrics.RowScores);
        Assert.Equal(_data.Rows.Select(row => row.Prompt), comparison.Rows.Select(row => row.Question));
        VlmDifference difference = Assert.Single(comparison.Differences);
        Assert.Equal(comparison.Models[1].Metrics.Score - comparison.Models[0].Metrics.Score, difference.Score.Difference, 1e-12);
    }

    [Fact]
    public void Preferences_come_from_total_log_probabilities()
    {
        using VlmTransformer before = Apply(), after = Train();

        VlmComparison comparison = _ml.Vlm().Compare([("base", before), ("tuned", after)], Pairs(), Options);

        double[] margins = [.. comparison.Rows.Select(row => row.Margins[1])], earlier = [.. comparison.Rows.Select(row => row.Margins[0])];
        Assert.Equal(margins.Count(margin => margin > 0) / 6.0, comparison.Models[1].PreferenceAccuracy!.Value, 1e-12);
        Assert.Equal(margins.Zip(earlier).Count(pair => pair.First > pair.Second) / 6.0, comparison.Models[1].RewardAccuracy!.Value, 1e-12);
        Assert.Null(comparison.Models[0].RewardAccuracy);
    }

    [Fact]
    public void A_pair_s_margin_is_the_difference_of_two_scores_times_their_lengths()
    {
        using VlmTransformer model = Apply(), same = Apply();
        _data.Rows.ForEach(row => row.Label = "red");

        VlmComparison comparison = _ml.Vlm().Compare([("one", model), ("two", same)], Pairs(chosen: "red", rejected: "red"), Options);

        Assert.All(comparison.Rows, row => Assert.All(row.Margins, margin => Assert.Equal(0, margin, 1e-4)));
        Assert.False(comparison.Differences[0].Score.IsSignificant);
        Assert.Equal(0, comparison.Differences[0].Score.Difference);
    }

    [Fact]
    public void The_page_has_the_pictures_and_no_code_of_the_data()
    {
        _data.Rows[0].Prompt = "<script>alert(1)</script>?";
        using VlmTransformer before = Apply(), after = Train();
        VlmComparison comparison = _ml.Vlm().Compare([("base", before), ("<b>tuned", after)], Pairs(), Options with { ShownRows = 4 });
        string path = _data.Path(Path.Combine("report", "comparison.html"));

        comparison.SaveHtml(path);

        string page = File.ReadAllText(path);
        Assert.Equal(4, page.Split("<img alt=\"\" src=\"data:image/png;base64,").Length - 1);
        Assert.DoesNotContain("<script>", page);
        Assert.DoesNotContain("<b>tuned", page);
        Assert.Single(Directory.GetFiles(Path.GetDirectoryName(path)!));
    }

    [Fact]
    public void What_cannot_be_compared_is_named_before_any_work()
    {
        using VlmTransformer model = Apply();
        IDataView data = Pairs();
        VlmOperations vlm = _ml.Vlm();

        Assert.Contains("at least two models", Assert.Throws<ArgumentException>(() => vlm.Compare([("one", model)], data)).Message);
        Assert.Contains("[one, one]", Assert.Throws<ArgumentException>(() => vlm.Compare([("one", model), ("one", model)], data)).Message);
        Assert.Contains("both columns", Assert.Throws<ArgumentException>(() => vlm.Compare([("one", model), ("two", model)], data, new() { ChosenColumnName = "Chosen" })).Message);
        Assert.Contains("'Best'", Assert.Throws<ArgumentOutOfRangeException>(
            () => vlm.Compare([("one", model), ("two", model)], data, new() { ChosenColumnName = "Best", RejectedColumnName = "Rejected" })).Message);
        Assert.Equal(0, model.Engine.BatchCount);
    }

    public void Dispose() => _data.Dispose();

    private static VlmComparisonOptions Options => new()
    {
        Metric = VlmMetric.ExactMatch,
        ChosenColumnName = "Chosen",
        RejectedColumnName = "Rejected",
        Resamples = 100,
    };

    private VlmTransformer Apply() => _ml.Transforms.ApplyVlm(VlmOptions.Applied()).Fit(_data.LoadWithImages(_ml));

    private VlmTransformer Train() => _ml.Transforms.VlmSft(VlmOptions.Quick()).Fit(_data.LoadWithImages(_ml));

    private IDataView Pairs(string? chosen = null, string rejected = "violet")
    {
        IDataView rows = _ml.Data.LoadFromEnumerable(_data.Rows.Select(row => new Pair
        {
            ImagePath = row.ImagePath,
            Prompt = row.Prompt,
            Label = row.Label,
            Chosen = chosen ?? row.Label,
            Rejected = rejected,
        }).ToArray());
        return _data.Images(_ml).Fit(rows).Transform(rows);
    }

    private sealed class Pair
    {
        public string ImagePath { get; set; } = "";

        public string Prompt { get; set; } = "";

        public string Label { get; set; } = "";

        public string Chosen { get; set; } = "";

        public string Rejected { get; set; } = "";
    }
}
