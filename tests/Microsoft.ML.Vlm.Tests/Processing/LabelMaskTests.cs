using Microsoft.ML.Vlm.Processing;
using Microsoft.ML.Vlm.Text;

namespace Microsoft.ML.Vlm.Tests.Processing;

public sealed class LabelMaskTests
{
    // User: <image>a\nAssistant: b<end>\n, an expansion of two tokens for the image.
    private static readonly TokenSpan[] s_tokens =
        [new(1, 0, 4), new(2, 4, 6), new(3, 6, 10), new(3, 10, 14), new(4, 14, 16), new(5, 16, 26), new(6, 26, 28), new(7, 28, 33), new(8, 33, 34)];

    [Theory]
    [InlineData(LabelMasking.Answer, "......###")]
    [InlineData(LabelMasking.Assistant, "......###")]
    [InlineData(LabelMasking.FullSequence, "##..#####")]
    [InlineData(LabelMasking.TrlFullSequence, "#########")]
    public void Targets_follow_the_choice_and_images_only_on_request(LabelMasking masking, string expected)
        => Assert.Equal(expected, Show(LabelMask.Of(s_tokens, masking, [(26, 34)], [(6, 14)])));

    [Fact]
    public void An_image_inside_a_trained_range_is_left_out_and_touched_tokens_count()
        => Assert.Equal("#...#....", Show(LabelMask.Of(s_tokens, LabelMasking.Assistant, [(0, 1), (7, 15)], [(5, 14)])));

    private static string Show(bool[] mask) => string.Concat(mask.Select(isTarget => isTarget ? '#' : '.'));
}
