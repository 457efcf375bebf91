using Microsoft.ML.Vlm.Chat;
using Microsoft.ML.Vlm.Checkpoints;
using Microsoft.ML.Vlm.Images;
using Microsoft.ML.Vlm.Processing;
using Microsoft.ML.Vlm.Tests.Conformance;

namespace Microsoft.ML.Vlm.Tests.Processing;

/// <summary>Rows that are longer than allowed. The tiny model has a token a byte and one for each special token.</summary>
public sealed class TrainingRowsTests
{
    private readonly VlmProcessor _processor = Load(new ImageOptions());

    [Fact]
    public void Without_a_limit_and_at_the_limit_a_row_is_what_it_is()
    {
        VlmExample example = Example("abcdef", images: 1);
        VlmSample expected = _processor.CreateTraining(example, LabelMasking.Answer);

        foreach (OverLongPolicy policy in Enum.GetValues<OverLongPolicy>())
        {
            TrainingRows rows = new(_processor, LabelMasking.Answer, expected.Tokens.Length, policy);
            Assert.Equal(expected.Tokens, rows.Create(example).Tokens);
            Assert.Empty(rows.Changed);
            Assert.Null(rows.Describe());
        }
    }

    [Theory]
    [InlineData(OverLongPolicy.Error)]
    [InlineData(OverLongPolicy.DropRow)]
    public void An_over_long_row_is_an_error_that_says_what_it_needs(OverLongPolicy policy)
    {
        VlmSample sample = _processor.CreateTraining(Example("abcdef", images: 1), LabelMasking.Answer);
        TrainingRows rows = new(_processor, LabelMasking.Answer, sample.Tokens.Length - 1, policy);

        string message = Assert.Throws<InvalidDataException>(() => rows.Create(Example("abcdef", images: 1))).Message;

        int inImages = sample.Spans.Sum(span => span.Length);
        Assert.StartsWith($"Row 7: {sample.Tokens.Length} tokens ({inImages} of images, {sample.TargetCount} trained), more than MaxLength {sample.Tokens.Length - 1}.", message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_dropped_row_is_counted_and_listed()
    {
        TrainingRows rows = new(_processor, LabelMasking.Answer, 20, OverLongPolicy.DropRow);

        Assert.True(rows.DropsRows);
        Assert.True(rows.Drops(rows.Measure(Example("a question that is long"))));
        Assert.False(new TrainingRows(_processor, LabelMasking.Answer, 20, OverLongPolicy.TrimText).DropsRows);
        Assert.Contains("1 rows with more than 20 tokens (MaxLength) were left out; row (tokens): 7 (", rows.Describe()!, StringComparison.Ordinal);
    }

    [Fact]
    public void Trimming_takes_the_middle_of_the_longest_context_and_keeps_images_answers_and_their_end()
    {
        VlmExample example = new()
        {
            Prompt =
            [
                VlmMessage.FromText("system", "brief"),
                new VlmMessage("user", [MessagePart.FromText("0123456789"), MessagePart.Image, MessagePart.FromText("abcdefghijklmnop")]),
                VlmMessage.FromText("assistant", "an earlier answer that is the longest of all"),
                VlmMessage.FromText("user", "why?"),
            ],
            Completion = [VlmMessage.FromText("assistant", "because")],
            Images = [Image()],
            Row = 7,
        };
        VlmSample whole = _processor.CreateTraining(example, LabelMasking.Assistant);
        TrainingRows rows = new(_processor, LabelMasking.Assistant, whole.Tokens.Length - 14, OverLongPolicy.TrimText);

        VlmSample trimmed = rows.Create(example);

        // 26 characters of the two longest texts become 12: six each.
        Assert.Equal(whole.Tokens.Length - 14, trimmed.Tokens.Length);
        string text = _processor.Tokenizer.Decode(trimmed.Tokens, skipSpecialTokens: false);
        Assert.Contains("User: 012789<", text, StringComparison.Ordinal);
        Assert.Contains(">abcnop<end_of_utterance>", text, StringComparison.Ordinal);
        Assert.Contains("an earlier answer that is the longest of all<end_of_utterance>", text, StringComparison.Ordinal);
        Assert.Equal(whole.TargetCount, trimmed.TargetCount);
        Assert.Equal(whole.Spans.Select(span => span.Length), trimmed.Spans.Select(span => span.Length));
        Assert.Equal(new OverLongRow(7, whole.Tokens.Length, trimmed.Tokens.Length), Assert.Single(rows.Changed));
    }

    [Fact]
    public void A_row_whose_images_and_answers_are_too_long_cannot_be_trimmed()
    {
        TrainingRows rows = new(_processor, LabelMasking.Answer, 5, OverLongPolicy.TrimText);

        Assert.Contains("images and the assistant's turns alone are too long", Assert.Throws<InvalidDataException>(() => rows.Create(Example("abc"))).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_plain_text_loses_its_end_behind_its_last_image_and_is_not_ended()
    {
        VlmExample example = new() { Prompt = [], PlainText = "see <image> and read on", Images = [Image()], Row = 7 };
        VlmSample whole = _processor.CreateTraining(example, LabelMasking.Answer);
        TrainingRows rows = new(_processor, LabelMasking.Answer, whole.Tokens.Length - 5, OverLongPolicy.TrimText);

        string text = _processor.Tokenizer.Decode(rows.Create(example).Tokens, skipSpecialTokens: false);

        Assert.EndsWith("<end_of_utterance>", _processor.Tokenizer.Decode(whole.Tokens, skipSpecialTokens: false), StringComparison.Ordinal);
        Assert.EndsWith("and re", text, StringComparison.Ordinal);
        int least = _processor.CreateTraining(example with { PlainText = "see <image>", IsCut = true }, LabelMasking.Answer).Tokens.Length;
        Assert.Equal(least, new TrainingRows(_processor, LabelMasking.Answer, least, OverLongPolicy.TrimText).Create(example).Tokens.Length);
        Assert.Throws<InvalidDataException>(() => new TrainingRows(_processor, LabelMasking.Answer, least - 1, OverLongPolicy.TrimText).Create(example));
    }

    [Fact]
    public void Images_shrink_tile_by_tile_until_the_row_fits_and_keep_all_their_places()
    {
        VlmProcessor split = Load(new ImageOptions { SplitImages = true, LongestEdge = 4 * TinyVlm.ImageSize });
        VlmExample example = Example("which?", images: 2);
        int[] lengths = [.. Sizes(split).Select(images => split.CreateTraining(example, LabelMasking.Answer, images).Tokens.Length)];
        Assert.Equal(4, lengths.Length);
        Assert.Equal(lengths.OrderDescending(), lengths);

        for (int level = 0; level < lengths.Length; level++)
        {
            TrainingRows rows = new(split, LabelMasking.Answer, lengths[level], OverLongPolicy.ShrinkImage);
            VlmSample sample = rows.Create(example);
            Assert.Equal(lengths[level], sample.Tokens.Length);
            Assert.Equal(sample.Images.Sum(image => image.Count) * split.TokensPerTile, sample.Spans.Sum(span => span.Length));
            Assert.All(sample.Images, image => Assert.NotEmpty(image.Samples));
            Assert.Equal(level > 0, rows.Changed.Count == 1);
        }
        TrainingRows impossible = new(split, LabelMasking.Answer, lengths[^1] - 1, OverLongPolicy.ShrinkImage);
        Assert.Contains("even with one tile an image", Assert.Throws<InvalidDataException>(() => impossible.Create(example)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_measured_row_has_the_tokens_and_no_samples()
    {
        TrainingRows rows = new(_processor, LabelMasking.Answer, null, OverLongPolicy.Error);
        VlmExample example = Example("abc", images: 1);

        Assert.Equal(rows.Create(example).Tokens, rows.Measure(example).Tokens);
        Assert.Empty(Assert.Single(rows.Measure(example).Images).Samples);
    }

    [Theory]
    [InlineData(new[] { 10, 3, 8 }, 15, 6)]
    [InlineData(new[] { 10, 3, 8 }, 20, 9)]
    [InlineData(new[] { 10, 3, 8 }, 4, 1)]
    [InlineData(new[] { 5 }, 0, 0)]
    public void Texts_are_cut_to_one_common_length(int[] lengths, int total, int expected) => Assert.Equal(expected, TextTrimmer.CommonLength(lengths, total));

    [Theory]
    [InlineData("abcdef", 4, "abef")]
    [InlineData("abcdef", 3, "abf")]
    [InlineData("abcdef", 1, "a")]
    [InlineData("abcdef", 0, "")]
    [InlineData("ab", 2, "ab")]
    [InlineData("東京東京", 6, "東京")]
    public void A_cut_keeps_beginning_and_end_and_whole_characters(string text, int tokens, string expected)
        => Assert.Equal(expected, TextTrimmer.CutMiddle(text, tokens, _processor.Tokenizer));

    private static VlmProcessor Load(ImageOptions options) => VlmProcessor.Load(ModelFolder.Open(TinyVlm.Folder), options);

    private static IEnumerable<ImageProcessor> Sizes(VlmProcessor processor)
    {
        for (ImageProcessor? images = processor.Images; images is not null; images = images.Smaller())
        {
            yield return images;
        }
    }

    private static PixelImage Image(int seed = 0) => new(24, 16, [.. Enumerable.Range(seed, 24 * 16 * 3).Select(value => (byte)value)]);

    private static VlmExample Example(string question, int images = 0) => new()
    {
        Prompt = [VlmMessage.FromText("user", question)],
        Completion = [VlmMessage.FromText("assistant", "a bar")],
        Images = [.. Enumerable.Range(0, images).Select(Image)],
        Row = 7,
    };
}
