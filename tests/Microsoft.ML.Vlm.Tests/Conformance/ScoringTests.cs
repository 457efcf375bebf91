using Microsoft.ML.Data;

namespace Microsoft.ML.Vlm.Tests.Conformance;

public sealed class ScoringTests : IDisposable
{
    private readonly MLContext _ml = new(seed: 1);
    private readonly ColorData _data = new(10);

    [Fact]
    public void Reading_only_what_passes_through_runs_no_model()
    {
        using VlmTransformer model = Apply();
        IDataView scored = model.Transform(_data.LoadWithImages(_ml));

        Assert.Equal(_data.Rows.Select(row => row.Prompt), scored.GetColumn<string>("Prompt"));
        Assert.Equal(0, model.Engine.BatchCount);
    }

    [Theory]
    [InlineData(1, 10)]
    [InlineData(3, 4)]
    [InlineData(5, 2)]
    [InlineData(64, 1)]
    public void Rows_are_computed_a_batch_at_a_time(int batchSize, int batches)
    {
        using VlmTransformer model = _ml.Transforms.ApplyVlm(VlmOptions.Applied(batchSize: batchSize)).Fit(_data.LoadWithImages(_ml));

        Assert.Equal(10, model.Answers(_ml, _data.LoadWithImages(_ml)).Length);
        Assert.Equal(batches, model.Engine.BatchCount);
    }

    [Fact]
    public void Nothing_is_computed_for_rows_that_are_not_read()
    {
        using VlmTransformer model = Apply();
        IDataView scored = model.Transform(_data.LoadWithImages(_ml));

        Assert.Equal(3, _ml.Data.CreateEnumerable<ColorData.Answer>(_ml.Data.TakeRows(scored, 3), reuseRowObject: false).Count());
        Assert.Equal(1, model.Engine.BatchCount);
        Assert.Equal(2, scored.Preview(2).RowView.Length);
    }

    [Fact]
    public void Kept_image_features_change_no_bit()
    {
        VlmScoringEstimator.Options without = VlmOptions.Applied(batchSize: 4);
        without.ScoringFeatureCacheBytes = 0;
        using VlmTransformer plain = _ml.Transforms.ApplyVlm(without).Fit(_data.LoadWithImages(_ml)), keeping = Apply();

        (string, float)[] expected = Numbers(plain);
        Assert.Equal(expected, Numbers(keeping));
        Assert.Equal(expected, Numbers(keeping));
        Assert.Equal(0, plain.Engine.KeptImageCount);
        Assert.InRange(keeping.Engine.KeptImageCount, 1, 10);

        (string, float)[] Numbers(VlmTransformer model) => [.. model.Answers(_ml, _data.LoadWithImages(_ml)).Select(answer => (answer.Response, answer.Score))];
    }

    [Fact]
    public void Columns_equal_the_direct_calls_row_by_row()
    {
        using VlmTransformer model = Apply();

        ColorData.Answer[] answers = model.Answers(_ml, _data.LoadWithImages(_ml));

        foreach ((ColorData.Row row, ColorData.Answer answer) in _data.Rows.Zip(answers))
        {
            using MLImage image = MLImage.CreateFromFile(_data.Path(row.ImagePath));
            Assert.Equal(model.Generate(row.Prompt, [image]), answer.Response);
            Assert.Equal(model.Score(row.Prompt, [image], row.Label), answer.Score, 1e-4);
        }
    }

    [Fact]
    public void Without_a_label_the_response_is_scored_and_an_empty_label_is_none()
    {
        using VlmTransformer model = Apply();
        IDataView data = _data.LoadWithImages(_ml);
        ColorData.Answer[] labelled = model.Answers(_ml, data);
        IDataView unlabelled = _ml.Transforms.DropColumns("Label").Fit(data).Transform(data);
        _data.Rows[1].Label = "";
        ColorData.Answer[] partly = model.Answers(_ml, data);

        ColorData.Answer[] answers = model.Answers(_ml, unlabelled);

        Assert.Equal(labelled.Select(answer => answer.Response), answers.Select(answer => answer.Response));
        using MLImage image = MLImage.CreateFromFile(_data.Path("0.png"));
        Assert.Equal(model.Score(_data.Rows[0].Prompt, [image], answers[0].Response), answers[0].Score, 1e-4);
        Assert.Equal(labelled[0].Score, partly[0].Score, 1e-4);
        Assert.Equal(answers[1].Score, partly[1].Score, 1e-4);
    }

    [Fact]
    public void A_score_is_the_same_whether_or_not_the_response_is_computed_too()
    {
        using VlmTransformer model = Apply();
        IDataView scored = model.Transform(_data.LoadWithImages(_ml));

        Assert.Equal(model.Answers(_ml, _data.LoadWithImages(_ml)).Select(answer => answer.Score), scored.GetColumn<float>("Score"));
    }

    [Fact]
    public void Columns_that_are_not_wanted_do_not_exist()
    {
        using VlmTransformer model = _ml.Transforms.ApplyVlm(TinyVlm.Folder, outputColumnName: null).Fit(_data.LoadWithImages(_ml));
        DataViewSchema schema = model.Transform(_data.LoadWithImages(_ml)).Schema;

        Assert.Null(schema.GetColumnOrNull("Response"));
        Assert.Equal(10, model.Transform(_data.LoadWithImages(_ml)).GetColumn<float>("Score").Count());
    }

    [Fact]
    public void A_cursor_keeps_to_what_was_asked_for()
    {
        using VlmTransformer model = Apply();
        IDataView scored = model.Transform(_data.LoadWithImages(_ml));
        using DataViewRowCursor cursor = scored.GetRowCursor([scored.Schema["Score"]]);

        Assert.False(cursor.IsColumnActive(scored.Schema["Response"]));
        Assert.Throws<ArgumentOutOfRangeException>(() => cursor.GetGetter<ReadOnlyMemory<char>>(scored.Schema["Response"]));
        Assert.Throws<InvalidOperationException>(() => cursor.GetGetter<double>(scored.Schema["Score"]));
        Assert.False(scored.CanShuffle);
        Assert.Single(scored.GetRowCursorSet(scored.Schema, 4));
    }

    [Fact]
    public void Stock_transforms_and_the_stock_evaluator_read_our_columns()
    {
        IDataView data = _data.LoadWithImages(_ml);
        var pipeline = _ml.Transforms.ApplyVlm(TinyVlm.Folder, generation: new() { MaxNewTokens = 3 }).Append(_ml.Transforms.CopyColumns("Copy", "Response"));
        using var model = pipeline.Fit(data);
        IDataView scored = model.Transform(data);

        Assert.Equal(scored.GetColumn<string>("Response"), scored.GetColumn<string>("Copy"));
        RegressionMetrics metrics = _ml.Regression.Evaluate(scored, labelColumnName: "Number");
        Assert.True(metrics.MeanAbsoluteError > 0);
    }

    [Fact]
    public async Task A_stream_adds_up_to_the_answer()
    {
        using VlmTransformer model = Apply();
        using MLImage image = ColorData.Image(200, 10, 10);
        GenerationOptions options = new() { MaxNewTokens = 12 };

        List<string> pieces = [];
        await foreach (string piece in model.StreamAsync("which color?", [image], options))
        {
            pieces.Add(piece);
        }

        Assert.Equal(model.Generate("which color?", [image], options), string.Concat(pieces));
    }

    [Fact]
    public void Sampling_repeats_for_the_seed_and_differs_without_one()
    {
        ColorData.Answer[] sample(MLContext ml)
        {
            using VlmTransformer model = ml.Transforms.ApplyVlm(TinyVlm.Folder, generation: new() { MaxNewTokens = 12, Temperature = 2 }).Fit(_data.LoadWithImages(ml));
            return model.Answers(ml, _data.LoadWithImages(ml));
        }

        VlmOptions.AssertSame(sample(new MLContext(seed: 3)), sample(new MLContext(seed: 3)));
        Assert.NotEqual(
            sample(new MLContext(seed: 3)).Select(answer => answer.Response), sample(new MLContext(seed: 4)).Select(answer => answer.Response));
    }

    [Fact]
    public void Cancelling_stops_a_generation()
    {
        using VlmTransformer model = Apply();
        using CancellationTokenSource cancelled = new();
        cancelled.Cancel();

        Assert.ThrowsAny<OperationCanceledException>(() => model.Generate("which color?", token: cancelled.Token));
    }

    public void Dispose() => _data.Dispose();

    private VlmTransformer Apply()
        => _ml.Transforms.ApplyVlm(VlmOptions.Applied()).Fit(_data.LoadWithImages(_ml));
}
