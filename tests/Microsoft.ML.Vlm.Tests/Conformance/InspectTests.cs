using Microsoft.ML.Data;
using Microsoft.ML.Runtime;

namespace Microsoft.ML.Vlm.Tests.Conformance;

/// <summary>What an inspection says about data, and that training stops before the model is loaded when it says error.</summary>
public sealed class InspectTests : IDisposable
{
    private readonly MLContext _ml = new(seed: 1);
    private readonly ColorData _data = new(10);

    [Fact]
    public void Quantization_is_measured_on_the_user_s_rows_and_the_worst_layer_can_be_kept()
    {
        VlmSftEstimator.Options options = VlmOptions.Quick();
        VlmQuantizationReport report = _ml.Vlm().MeasureQuantization(_data.LoadWithImages(_ml), options, rows: 2);
        Assert.Equal(2, report.RowCount);
        Assert.Equal(QuantOptions.Nf4, report.Options);
        Assert.All(report.Layers, layer => Assert.InRange(layer.OutputError, 0.01, 0.5));
        Assert.Contains(report.Layers[0].Path, report.ToString(), StringComparison.Ordinal);

        QuantOptions kept = report.KeepWorst(report.Layers.Max(layer => layer.ExtraBytes));
        Assert.True(kept.SkipModules.Count > QuantOptions.Nf4.SkipModules.Count);
        options.Quantization = kept;
        VlmQuantizationReport rest = _ml.Vlm().MeasureQuantization(_data.LoadWithImages(_ml), options, rows: 2);
        Assert.Equal(report.Layers.Select(layer => layer.Path).Except(kept.SkipModules).Order(StringComparer.Ordinal), rest.Layers.Select(layer => layer.Path).Order(StringComparer.Ordinal));
        Assert.Throws<ArgumentOutOfRangeException>(() => _ml.Vlm().MeasureQuantization(_data.LoadWithImages(_ml), options, rows: 0));
    }

    [Fact]
    public void Sound_data_is_counted_and_nothing_is_suspicious()
    {
        VlmDataReport report = _ml.Vlm().Inspect(_data.LoadWithImages(_ml), VlmOptions.Quick());

        Assert.Empty(report.Issues);
        Assert.False(report.HasErrors);
        report.ThrowIfErrors();
        Assert.Equal((10, 10, 10, 10, 10), (report.RowCount, report.MeasuredCount, report.RowsWithImages, report.ImageCount, report.DistinctImageCount));
        Assert.Equal(report.Lengths!.Minimum + 2, report.Lengths.Maximum);
        Assert.InRange(report.TrainedShare, 0.05, 0.3);
        string[] lines = report.ToString().Split('\n');
        Assert.Equal("10 rows: 10 with images (100 %), 10 images, 10 distinct", lines[0]);
        Assert.Matches(@"^\d+ to \d+ tokens a row \(the longest is row \d+\), median [\d.]+; [\d.]+ % of images, [\d.]+ % trained$", lines[1]);
        Assert.Equal("nothing suspicious", lines[2]);
    }

    [Fact]
    public void A_preview_shows_what_is_trained_in_plain_text_and_in_color()
    {
        VlmRowPreview preview = _ml.Vlm().Inspect(_data.LoadWithImages(_ml), VlmOptions.Quick(), shownRows: 1).Previews.Single();

        Assert.StartsWith($"row 0: {preview.TrainedCount} of {preview.TokenCount} tokens trained\n<|im_start|>User: ", preview.ToString(), StringComparison.Ordinal);
        Assert.EndsWith("which color 0?<end_of_utterance>\nAssistant:⟦ red<end_of_utterance>\n⟧", preview.ToString(), StringComparison.Ordinal);
        Assert.Contains("<image x 4>", preview.ToString(), StringComparison.Ordinal);
        Assert.Contains("\u001b[30;42m red<end_of_utterance>\n\u001b[0m", preview.ToAnsi(), StringComparison.Ordinal);
        Assert.Contains("\u001b[36m<image x 4>\u001b[0m", preview.ToAnsi(), StringComparison.Ordinal);
        VlmRowPreview hostile = new(3, [new VlmPreviewSpan("a\u001b[31mb", 4, false, false)]);
        Assert.Contains("a\\u001b[31mb", hostile.ToAnsi(), StringComparison.Ordinal);
    }

    [Fact]
    public void Faulty_rows_are_listed_twenty_at_most_with_row_field_counts_and_remedy()
    {
        _data.Rows.AddRange(Enumerable.Range(10, 30).Select(index => new ColorData.Row { ImagePath = "0.png", Prompt = $"<image> and <image> {index}", Label = "x" }));
        _data.Rows[3].Label = "";

        VlmDataReport report = _ml.Vlm().Inspect(_data.LoadWithImages(_ml), VlmOptions.Quick());

        VlmDataIssue issue = Assert.Single(report.Issues, issue => issue.IsError);
        Assert.Equal((31, 20), (issue.Count, issue.Rows.Count));
        Assert.Equal("Row 3: the label in 'Label' is empty, so there is nothing to learn from the row. Filter such rows out.", issue.Rows[0]);
        Assert.Equal("Row 10: 1 image but 2 <image> places in 'Prompt'. Give one <image> per image, or none to put all images first.", issue.Rows[1]);
        Assert.Contains("and 11 more", issue.ToString(), StringComparison.Ordinal);
        Assert.Contains("31 rows cannot be used.", Assert.Throws<InvalidDataException>(report.ThrowIfErrors).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_corrupt_image_is_named_with_its_row()
    {
        byte[] bytes = File.ReadAllBytes(_data.Path("4.png"));
        File.WriteAllBytes(_data.Path("4.png"), bytes[..(bytes.Length / 2)]);
        IDataView encoded = _ml.Transforms.LoadRawImageBytes("Image", _data.Folder, "ImagePath").Fit(_data.Load(_ml)).Transform(_data.Load(_ml));

        VlmDataReport report = _ml.Vlm().Inspect(encoded, VlmOptions.Quick());

        string line = Assert.Single(Assert.Single(report.Issues).Rows);
        Assert.StartsWith("Row 4: ", line, StringComparison.Ordinal);
        Assert.Contains("'Image'", line, StringComparison.Ordinal);
        // Only the texts of rows that are not measured are read.
        Assert.Empty(_ml.Vlm().Inspect(encoded, VlmOptions.Quick(), measuredRows: 4).Issues);
        Assert.Single(_ml.Vlm().Inspect(encoded, VlmOptions.Quick(), measuredRows: 5).Issues);
    }

    [Fact]
    public void Places_beyond_the_image_columns_are_found_without_decoding()
    {
        _data.Rows[7].Prompt = "<image> or <image>?";

        VlmDataReport report = _ml.Vlm().Inspect(_data.LoadWithImages(_ml), VlmOptions.Quick(), measuredRows: 2);

        Assert.Equal((10, 2), (report.RowCount, report.MeasuredCount));
        Assert.Equal("Row 7: 2 image places in 'Prompt', but the image columns hold at most 1 images a row.", Assert.Single(Assert.Single(report.Issues).Rows));
        Assert.StartsWith("10 rows, the first 2 measured: ", report.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void Repeated_rows_and_images_shared_with_the_test_data_are_listed()
    {
        _data.Rows.Add(_data.Rows[2]);
        using ColorData test = new(2);
        File.Copy(_data.Path("5.png"), test.Path("1.png"), overwrite: true);
        using (MLImage other = ColorData.Image(1, 2, 3, 5, 5))
        {
            other.Save(test.Path("0.png"));
        }

        VlmDataReport report = _ml.Vlm().Inspect(_data.LoadWithImages(_ml), VlmOptions.Quick(), testData: test.LoadWithImages(_ml));

        Assert.False(report.HasErrors);
        Assert.Equal(["Row 10 repeats row 2."], Assert.Single(report.Issues, issue => issue.Summary.Contains("repeat", StringComparison.Ordinal)).Rows);
        Assert.Equal(["Row 1 of the test data: an image of row 5."], Assert.Single(report.Issues, issue => issue.Summary.Contains("test data", StringComparison.Ordinal)).Rows);
    }

    [Fact]
    public void Training_everything_warns_and_an_answer_that_does_not_end_is_an_error()
    {
        VlmDataReport everything = _ml.Vlm().Inspect(_data.LoadWithImages(_ml), VlmOptions.Quick(o => o.Masking = LabelMasking.TrlFullSequence));
        Assert.Contains(everything.Issues, issue => !issue.IsError && issue.Summary.StartsWith("100 % of all tokens are trained on", StringComparison.Ordinal) || issue.Summary.Contains("% of all tokens are trained on", StringComparison.Ordinal));

        string folder = TinyVlm.Write(Path.Combine(_data.Folder, "model"), seed: 3);
        File.WriteAllText(Path.Combine(folder, "generation_config.json"), """{"eos_token_id": 3}""");
        VlmDataReport endless = _ml.Vlm().Inspect(_data.LoadWithImages(_ml), VlmOptions.Quick(o => o.ModelPath = folder));
        Assert.Contains("never learn to stop", endless.Issues.Single(issue => issue.IsError).Summary, StringComparison.Ordinal);
        Assert.Contains(endless.Issues, issue => issue.Count == 10 && issue.Summary.StartsWith("10 rows train an answer without", StringComparison.Ordinal));
        Assert.Throws<InvalidDataException>(() => _ml.Transforms.VlmSft(VlmOptions.Quick(o => o.ModelPath = folder)).Fit(_data.LoadWithImages(_ml)));
        _ml.Transforms.VlmSft(VlmOptions.Quick(o => (o.ModelPath, o.Preflight) = (folder, false))).Fit(_data.LoadWithImages(_ml)).Dispose();
    }

    [Fact]
    public void A_conversation_without_the_assistant_has_nothing_to_train_on()
    {
        const string Question = """[{"role": "user", "content": "x"}]""";
        IDataView data = _ml.Data.LoadFromEnumerable(Enumerable.Range(0, 3).Select(_ => new Row { Messages = Question }));
        VlmSftEstimator.Options options = VlmOptions.Quick(o => (o.MessagesColumnName, o.ImageColumnNames) = ("Messages", []));

        foreach (long measured in new[] { 0L, 3L })
        {
            Assert.Contains(_ml.Vlm().Inspect(data, options, measuredRows: measured).Issues, issue => issue.Count == 3 && issue.Summary.StartsWith("3 rows have nothing to train on", StringComparison.Ordinal));
        }
    }

    [Fact]
    public void A_misspelt_column_is_answered_with_the_nearest_and_a_forgotten_one_is_noticed()
    {
        string atSchema = Assert.Throws<ArgumentOutOfRangeException>(() => _ml.Vlm().Inspect(_data.LoadWithImages(_ml), VlmOptions.Quick(o => o.ImageColumnName = "imgs"))).Message;
        Assert.Contains("Could not find image column 'imgs'. Did you mean 'Image'?", atSchema, StringComparison.Ordinal);

        VlmDataReport report = _ml.Vlm().Inspect(_data.LoadWithImages(_ml), VlmOptions.Quick(o => o.ImageColumnNames = []));
        Assert.Contains("Columns with images that are not read: Image.", Assert.Single(report.Issues).Summary, StringComparison.Ordinal);
        Assert.Equal(0, report.RowsWithImages);
    }

    [Fact]
    public void Training_says_what_it_saw_and_stops_at_errors_before_the_weights_are_read()
    {
        List<string> lines = [];
        _ml.Log += (_, entry) =>
        {
            if (entry.Source == "VlmSftEstimator; Preflight" && entry.Kind is ChannelMessageKind.Info or ChannelMessageKind.Warning)
            {
                lines.Add(entry.RawMessage);
            }
        };
        _data.Rows.Add(_data.Rows[2]);
        _ml.Transforms.VlmSft(VlmOptions.Quick()).Fit(_data.LoadWithImages(_ml)).Dispose();

        Assert.Equal("11 rows: 11 with images (100 %), 11 images, 10 distinct", lines[0]);
        Assert.Contains("% trained", lines[1], StringComparison.Ordinal);
        Assert.Contains("Row 10 repeats row 2.", lines[2], StringComparison.Ordinal);

        string folder = TinyVlm.Write(Path.Combine(_data.Folder, "model"), seed: 3);
        File.WriteAllText(Path.Combine(folder, "model.safetensors"), "damaged");
        _data.Rows[9].Prompt = "<image><image>";
        string message = Assert.Throws<InvalidDataException>(() => _ml.Transforms.VlmSft(VlmOptions.Quick(o => o.ModelPath = folder)).Fit(_data.LoadWithImages(_ml))).Message;
        Assert.Contains("Row 9: 1 image but 2 <image> places in 'Prompt'", message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Long_rows_are_left_out_of_training_by_number_and_the_steps_count_the_rest(bool preflight)
    {
        _data.Rows[2].Prompt = new string('x', 200);
        _data.Rows[6].Prompt = new string('y', 200);
        List<VlmTrainingMetrics> reports = [];
        List<string> warnings = [];
        _ml.Log += (_, entry) =>
        {
            if (entry.Source == "VlmSftEstimator; Preflight" && entry.Kind == ChannelMessageKind.Warning)
            {
                warnings.Add(entry.RawMessage);
            }
        };
        VlmSftEstimator.Options options = VlmOptions.Quick(o =>
            (o.MaxLength, o.OverLong, o.MaxSteps, o.MaxEpochs, o.BatchSize, o.MetricsCallback, o.Preflight) = (120, OverLongPolicy.DropRow, null, 1, 2, reports.Add, preflight));

        _ml.Transforms.VlmSft(options).Fit(_data.LoadWithImages(_ml)).Dispose();

        Assert.Equal(4, reports[^1].TotalSteps);
        Assert.Contains("2 rows with more than 120 tokens (MaxLength) were left out; row (tokens): 2 (", Assert.Single(warnings), StringComparison.Ordinal);
        Assert.Contains(", 6 (", warnings[0], StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(OverLongPolicy.Error)]
    [InlineData(OverLongPolicy.TrimText)]
    public void Long_rows_stop_or_are_trimmed_and_listed(OverLongPolicy policy)
    {
        _data.Rows[2].Prompt = new string('x', 200);
        VlmSftEstimator.Options options = VlmOptions.Quick(o => (o.MaxLength, o.OverLong) = (120, policy));

        VlmDataReport report = _ml.Vlm().Inspect(_data.LoadWithImages(_ml), options);

        Assert.Equal(policy == OverLongPolicy.Error, report.HasErrors);
        Assert.Contains(policy == OverLongPolicy.Error ? "Row 2: " : "2 (", Assert.Single(report.Issues).ToString(), StringComparison.Ordinal);
        Assert.Equal(policy == OverLongPolicy.Error ? 9 : 10, report.MeasuredCount);
        Assert.True(report.Lengths!.Maximum <= 120);
    }

    [Fact]
    public void Training_measures_first_whether_the_images_count()
    {
        List<string> lines = [];
        _ml.Log += (_, entry) =>
        {
            if (entry.Source == "VlmSftEstimator; Images" && entry.Kind is ChannelMessageKind.Info or ChannelMessageKind.Warning)
            {
                lines.Add(entry.RawMessage);
            }
        };
        _ml.Transforms.VlmSft(VlmOptions.Quick()).Fit(_data.LoadWithImages(_ml)).Dispose();
        Assert.StartsWith("loss on 4 rows: ", lines[0], StringComparison.Ordinal);

        lines.Clear();
        _ml.Transforms.VlmSft(VlmOptions.Quick(o => o.ImageCheckRows = 0)).Fit(_data.LoadWithImages(_ml)).Dispose();
        _ml.Transforms.VlmSft(VlmOptions.Quick(o => o.ImageColumnNames = [])).Fit(_data.LoadWithImages(_ml)).Dispose();
        Assert.Empty(lines);
    }

    [Fact]
    public void Whether_images_count_can_be_measured_for_any_model()
    {
        using VlmTransformer model = _ml.Transforms.ApplyVlm(VlmOptions.Applied()).Fit(_data.LoadWithImages(_ml));

        VlmImageDependence found = _ml.Vlm().MeasureImageDependence(model, _data.LoadWithImages(_ml), rows: 6);

        Assert.Equal(6, found.RowCount);
        Assert.NotNull(found.ShuffledLoss);
        Assert.Throws<InvalidOperationException>(() => _ml.Vlm().MeasureImageDependence(model, _ml.Data.FilterRowsByColumn(_data.LoadWithImages(_ml), "Number", lowerBound: 100)));
    }

    public void Dispose() => _data.Dispose();

    private sealed class Row
    {
        public string Messages { get; set; } = "";
    }
}
