using Microsoft.ML.Data;
using Microsoft.ML.Vlm.Checkpoints;
using Microsoft.ML.Vlm.Components;
using Microsoft.ML.Vlm.Processing;

namespace Microsoft.ML.Vlm.Tests.Conformance;

/// <summary>Conversations, prompts as conversations and plain texts as columns: what is read, trained and answered.</summary>
public sealed class MessagesColumnTests
{
    private const string Question = """[{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Which color?"}""";
    private const string Dialog = Question + """, {"role": "assistant", "content": "red"}, {"role": "user", "content": "Sure?"}, {"role": "assistant", "content": "yes"}]""";

    private readonly MLContext _ml = new(seed: 1);
    private readonly VlmProcessor _processor = VlmProcessor.Load(ModelFolder.Open(TinyVlm.Folder));

    [Theory]
    [InlineData(LabelMasking.Answer, " red<end_of_utterance>\n yes<end_of_utterance>\n")]
    [InlineData(LabelMasking.Assistant, " red<end_of_utterance>\n yes<end_of_utterance>\n")]
    [InlineData(LabelMasking.FullSequence, "<|im_start|>System: Be brief.<end_of_utterance>\nUser: Which color?<end_of_utterance>\nAssistant: red<end_of_utterance>\nUser: Sure?<end_of_utterance>\nAssistant: yes<end_of_utterance>\n")]
    public void Turns_of_a_conversation_are_trained_by_the_masking(LabelMasking masking, string expected)
        => Assert.Equal(expected, Trained(new Row { Messages = Dialog }, o => o.MessagesColumnName = "Messages", masking));

    [Theory]
    [InlineData(LabelMasking.Answer, " yes<end_of_utterance>\n")]
    [InlineData(LabelMasking.Assistant, " red<end_of_utterance>\n yes<end_of_utterance>\n")]
    public void A_prompt_of_several_turns_trains_the_label_or_all_turns_of_the_assistant(LabelMasking masking, string expected)
    {
        Row row = new()
        {
            Prompt = Question + """, {"role": "assistant", "content": "red"}, {"role": "user", "content": "Sure?"}]""",
            Label = """[{"role": "assistant", "content": "yes"}]""",
        };

        Assert.Equal(expected, Trained(row, _ => { }, masking));
        Assert.Equal(Tokens(new Row { Messages = Dialog }, o => o.MessagesColumnName = "Messages"), Tokens(row, _ => { }));
    }

    [Fact]
    public void A_prompt_as_one_turn_is_the_prompt_as_a_text()
    {
        Row turns = new() { Prompt = """[{"role": "user", "content": "Which color?"}]""", Label = """[{"role": "assistant", "content": [{"type": "text", "text": "red"}]}]""" };
        Row texts = new() { Prompt = "Which color?", Label = "red" };

        Assert.Equal(Tokens(texts, _ => { }), Tokens(turns, _ => { }));
        Assert.Equal(Trained(texts, _ => { }, LabelMasking.Answer), Trained(turns, _ => { }, LabelMasking.Answer));
    }

    [Theory]
    [InlineData("Red, green.", "Red, green.<end_of_utterance>")]
    [InlineData("Ends.<end_of_utterance>", "Ends.<end_of_utterance>")]
    public void A_plain_text_is_read_as_it_is_and_ended_once(string text, string expected)
        => Assert.Equal(expected, Trained(new Row { Text = text }, o => o.TextColumnName = "Text", LabelMasking.Answer));

    [Fact]
    public void A_mix_of_conversations_and_texts_is_refused_by_row()
    {
        Row[] rows = [new() { Prompt = "a", Label = "b" }, new() { Prompt = Question + "]", Label = """[{"role": "assistant", "content": "x"}]""" }];
        string between = Assert.Throws<InvalidDataException>(() => Examples(rows, Columns(_ => { })).ToArray()).Message;
        string within = Assert.Throws<InvalidDataException>(() => Examples([new() { Prompt = Question + "]", Label = "x" }], Columns(_ => { })).ToArray()).Message;

        Assert.Contains("Row 1: 'Prompt' holds a conversation, but a plain text in row 0", between, StringComparison.Ordinal);
        Assert.Contains("Row 0: 'Prompt' holds a conversation, but 'Label' a plain text", within, StringComparison.Ordinal);
    }

    [Fact]
    public void Training_and_prediction_work_on_mixed_rows_with_no_one_and_two_images()
    {
        IDataView data = _ml.Data.LoadFromEnumerable(
        [
            new ImageRow { Messages = Dialog },
            new ImageRow { Messages = Dialog, Images = Colors(1) },
            new ImageRow { Messages = """[{"role": "user", "content": [{"type": "image"}, {"type": "text", "text": "or"}, {"type": "image"}]}, {"role": "assistant", "content": "both"}]""", Images = Colors(2) },
            new ImageRow { Messages = Question + "]", Images = Colors(1) },
        ]);
        VlmSftEstimator.Options options = VlmOptions.Quick(o => (o.MessagesColumnName, o.ImageColumnName, o.BatchSize) = ("Messages", "Images", 3));

        using VlmTransformer model = _ml.Transforms.VlmSft(options).Fit(_ml.Data.TakeRows(data, 3));
        ColorData.Answer[] answers = model.Answers(_ml, data);

        Assert.Equal(["Images", "Messages"], model.InputColumnNames);
        Assert.Equal(4, answers.Length);
        Assert.All(answers, answer => Assert.True(float.IsFinite(answer.Score)));
        Assert.NotEqual(answers[0].Score, answers[1].Score);
    }

    [Fact]
    public void A_model_that_answers_conversations_is_saved_and_loaded_with_its_column()
    {
        IDataView data = _ml.Data.LoadFromEnumerable([new Row { Messages = Dialog }, new Row { Messages = Question + "]" }]);
        VlmScoringEstimator.Options options = VlmOptions.Applied();
        (options.MessagesColumnName, options.ImageColumnNames) = ("Messages", []);
        using VlmTransformer model = _ml.Transforms.ApplyVlm(options).Fit(data);
        string zip = Path.Combine(Directory.CreateTempSubdirectory("vlm-test-").FullName, "model.zip");
        _ml.Model.Save(model, data.Schema, zip);

        ITransformer loaded = _ml.Model.Load(zip, out _);

        Assert.Equal(["Messages"], loaded.FindVlm().InputColumnNames);
        VlmOptions.AssertSame(model.Answers(_ml, data), loaded.Answers(_ml, data));
        loaded.FindVlm().Dispose();
    }

    [Fact]
    public void A_last_turn_of_the_assistant_is_scored_and_not_shown_to_the_model()
    {
        Row row = new()
        {
            Messages = Dialog,
            Prompt = Question + """, {"role": "assistant", "content": "red"}, {"role": "user", "content": "Sure?"}]""",
            Label = """[{"role": "assistant", "content": "yes"}]""",
        };
        IDataView data = _ml.Data.LoadFromEnumerable([row]);
        VlmScoringEstimator.Options ofTurns = VlmOptions.Applied(), ofPrompt = VlmOptions.Applied();
        (ofTurns.MessagesColumnName, ofTurns.ImageColumnNames, ofPrompt.ImageColumnNames) = ("Messages", [], []);
        using VlmTransformer first = _ml.Transforms.ApplyVlm(ofTurns).Fit(data), second = _ml.Transforms.ApplyVlm(ofPrompt).Fit(data);

        VlmOptions.AssertSame(first.Answers(_ml, data), second.Answers(_ml, data));
    }

    [Fact]
    public void Messages_and_text_exclude_each_other()
        => Assert.Contains(
            "TextColumnName",
            Assert.Throws<ArgumentException>(() => _ml.Transforms.VlmSft(VlmOptions.Quick(o => (o.MessagesColumnName, o.TextColumnName) = ("Messages", "Text")))).Message,
            StringComparison.Ordinal);

    private static ImageSequence Colors(int count)
    {
        MLImage[] images = [.. Enumerable.Range(0, count).Select(index => ColorData.Image((byte)(200 - (90 * index)), 20, 20))];
        ImageSequence sequence = ImageSequence.FromImages(images);
        foreach (MLImage image in images)
        {
            image.Dispose();
        }
        return sequence;
    }

    private static VlmColumns Columns(Action<VlmSftEstimator.Options> change)
    {
        VlmSftEstimator.Options options = VlmOptions.Quick(change);
        options.ImageColumnNames = [];
        return VlmTransformerSettings.From(options).Columns;
    }

    private IEnumerable<VlmExample> Examples(IEnumerable<Row> rows, VlmColumns columns)
    {
        IDataView data = _ml.Data.LoadFromEnumerable(rows);
        using DataViewRowCursor cursor = data.GetRowCursor(data.Schema);
        VlmRowReader reader = new(cursor, columns, readsLabel: true);
        while (cursor.MoveNext())
        {
            yield return reader.ReadTraining();
        }
    }

    private int[] Tokens(Row row, Action<VlmSftEstimator.Options> change)
        => _processor.CreateTraining(Examples([row], Columns(change)).Single(), LabelMasking.Answer).Tokens;

    private string Trained(Row row, Action<VlmSftEstimator.Options> change, LabelMasking masking)
    {
        VlmSample sample = _processor.CreateTraining(Examples([row], Columns(change)).Single(), masking);
        return _processor.Tokenizer.Decode([.. sample.Tokens.Where((_, index) => sample.IsTarget[index])], skipSpecialTokens: false);
    }

    private sealed class Row
    {
        public string Messages { get; set; } = "";

        public string Prompt { get; set; } = "";

        public string Label { get; set; } = "";

        public string Text { get; set; } = "";
    }

    private sealed class ImageRow
    {
        public string Messages { get; set; } = "";

        [ImageSequence]
        public ImageSequence Images { get; set; } = ImageSequence.Empty;
    }
}
