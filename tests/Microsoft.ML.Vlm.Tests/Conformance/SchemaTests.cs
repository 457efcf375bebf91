using Microsoft.ML.Data;

namespace Microsoft.ML.Vlm.Tests.Conformance;

public sealed class SchemaTests : IDisposable
{
    private readonly MLContext _ml = new(seed: 1);
    private readonly ColorData _data = new(4);

    public static TheoryData<string?, string?, bool> Outputs => new()
    {
        { "Response", "Score", true },
        { "Answer", null, true },
        { null, "LogProbability", true },
        { null, null, true },
        { "Prompt", "Label", false },
        { "Response", "Score", false },
        { "Answer", null, false },
        { null, "LogProbability", false },
    };

    [Theory]
    [MemberData(nameof(Outputs))]
    public void The_schema_is_what_was_promised(string? response, string? score, bool isTraining)
    {
        IDataView data = _data.LoadWithImages(_ml);
        VlmSftEstimator.Options options = VlmOptions.Quick(o => (o.OutputColumnName, o.ScoreColumnName) = (response, score));
        IEstimator<VlmTransformer> estimator = isTraining
            ? _ml.Transforms.VlmSft(options)
            : _ml.Transforms.ApplyVlm(TinyVlm.Folder, outputColumnName: response, scoreColumnName: score);

        string[] promise = Describe(estimator.GetOutputSchema(Shape(data.Schema)));
        using VlmTransformer transformer = estimator.Fit(data);

        Assert.Equal(promise, Describe(Shape(transformer.GetOutputSchema(data.Schema))));
        Assert.Equal(promise, Describe(Shape(transformer.Transform(data).Schema)));
        Assert.Equal(promise, Describe(Shape(((ITransformer)transformer).GetRowToRowMapper(data.Schema).OutputSchema)));
    }

    [Fact]
    public void A_score_column_is_a_regression_score_in_a_set_of_its_own()
    {
        IDataView data = _data.LoadWithImages(_ml);
        using VlmTransformer first = _ml.Transforms.ApplyVlm(TinyVlm.Folder).Fit(data);
        IDataView once = first.Transform(data);
        using VlmTransformer second = _ml.Transforms.ApplyVlm(TinyVlm.Folder, outputColumnName: "Again", scoreColumnName: "AgainScore").Fit(once);
        DataViewSchema schema = second.Transform(once).Schema;

        Assert.Equal(1u, SetOf(schema["Score"]));
        Assert.Equal(2u, SetOf(schema["AgainScore"]));
        ReadOnlyMemory<char> kind = default;
        schema["Score"].Annotations.GetValue("ScoreColumnKind", ref kind);
        Assert.Equal("Regression", kind.ToString());
    }

    [Fact]
    public void A_missing_column_is_named_when_the_pipeline_is_checked_and_when_it_is_fitted()
    {
        IDataView data = _data.LoadWithImages(_ml);
        VlmSftEstimator estimator = _ml.Transforms.VlmSft(VlmOptions.Quick(o => o.PromptColumnName = "Nope"));

        string atCheck = Assert.Throws<ArgumentOutOfRangeException>(() => estimator.GetOutputSchema(Shape(data.Schema))).Message;
        string atFit = Assert.Throws<ArgumentOutOfRangeException>(() => estimator.Fit(data)).Message;

        Assert.Contains("Could not find prompt column 'Nope'", atCheck, StringComparison.Ordinal);
        Assert.Equal(atCheck, atFit);
    }

    [Theory]
    [InlineData("ImagePath", "Prompt", "Label", "image column 'ImagePath': expected Image, ImageSequence or a vector of Byte, got String")]
    [InlineData("Image", "Number", "Label", "prompt column 'Number': expected String, got Single")]
    [InlineData("Image", "Prompt", "Number", "label column 'Number': expected String, got Single")]
    public void A_column_of_the_wrong_type_is_named_with_both_types(string image, string prompt, string label, string message)
    {
        VlmSftEstimator estimator = _ml.Transforms.VlmSft(VlmOptions.Quick(o => (o.ImageColumnName, o.PromptColumnName, o.LabelColumnName) = (image, prompt, label)));

        Assert.Contains(message, Assert.Throws<ArgumentOutOfRangeException>(() => estimator.Fit(_data.LoadWithImages(_ml))).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void An_image_dropped_by_a_cache_checkpoint_is_explained()
    {
        IEstimator<ITransformer> pipeline = _data.Images(_ml).AppendCacheCheckpoint(_ml).Append(_ml.Transforms.VlmSft(VlmOptions.Quick()));

        string message = Assert.Throws<ArgumentOutOfRangeException>(() => pipeline.Fit(_data.Load(_ml))).Message;

        Assert.Contains("Could not find image column 'Image'", message, StringComparison.Ordinal);
        Assert.Contains("AppendCacheCheckpoint", message, StringComparison.Ordinal);
        Assert.Contains("LoadRawImageBytes", message, StringComparison.Ordinal);
    }

    [Fact]
    public void Shuffled_rows_without_images_are_explained_and_a_checkpoint_before_the_images_works()
    {
        IDataView shuffled = _ml.Data.ShuffleRows(_data.LoadWithImages(_ml));
        Assert.Contains("ShuffleRows", Assert.Throws<ArgumentOutOfRangeException>(() => _ml.Transforms.VlmSft(VlmOptions.Quick()).Fit(shuffled)).Message, StringComparison.Ordinal);

        var pipeline = _ml.Transforms.CopyColumns("Copy", "Prompt").AppendCacheCheckpoint(_ml).Append(_data.Images(_ml)).Append(_ml.Transforms.VlmSft(VlmOptions.Quick()));
        using TransformerChain<VlmTransformer> model = pipeline.Fit(_data.Load(_ml));
        Assert.Equal(4, model.Answers(_ml, _data.Load(_ml)).Length);
    }

    [Fact]
    public void Options_out_of_range_are_refused_at_once()
    {
        void refused(string name, Action<VlmSftEstimator.Options> change)
            => Assert.Contains(name, Assert.ThrowsAny<ArgumentException>(() => _ml.Transforms.VlmSft(VlmOptions.Quick(change))).Message, StringComparison.Ordinal);

        refused("BatchSize", o => o.BatchSize = 0);
        refused("MaxSteps", o => o.MaxSteps = 0);
        refused("MaxEpochs", o => o.MaxEpochs = double.NaN);
        refused("LearningRate", o => o.LearningRate = -1);
        refused("WarmupRatio", o => o.WarmupRatio = 1.5);
        refused("AdamBeta2", o => o.AdamBeta2 = 1);
        refused("Rank", o => o.Lora = new LoraOptions { Rank = 0 });
        refused("MaxNewTokens", o => o.Generation = new GenerationOptions { MaxNewTokens = 0 });
        refused("ScoringBatchSize", o => o.ScoringBatchSize = 0);
        refused("Prompt", o => o.LabelColumnName = "Prompt");
        refused("Score", o => o.OutputColumnName = "Score");
        refused("OutputDirectory", o => o.OutputDirectory = typeof(SchemaTests).Assembly.Location);
    }

    public void Dispose() => _data.Dispose();

    private static SchemaShape Shape(DataViewSchema schema)
        => (SchemaShape)typeof(SchemaShape).GetMethod("Create", System.Reflection.BindingFlags.NonPublic | System.Reflection.BindingFlags.Static)!.Invoke(null, [schema])!;

    private static string[] Describe(SchemaShape shape)
        => [.. shape.Select(column => $"{column.Name}: {column.Kind} {column.ItemType} key {column.IsKey} [{string.Join(", ", Describe(column.Annotations))}]").Order()];

    private static uint SetOf(DataViewSchema.Column column)
    {
        uint set = 0;
        column.Annotations.GetValue("ScoreColumnSetId", ref set);
        return set;
    }
}
