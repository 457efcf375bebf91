using System.Text.Json;
using Microsoft.ML.Vlm.Text;
using Microsoft.ML.Vlm.Text.Patterns;
using Microsoft.ML.Vlm.Text.Splitters;

namespace Microsoft.ML.Vlm.Tests.Text;

public class PatternSplitterTests
{
    [Theory]
    [InlineData("Removed", false, "a|b|c")]
    [InlineData("Isolated", false, "-|a|-|-|b|c|-")]
    [InlineData("MergedWithPrevious", false, "-|a-|-|b|c-")]
    [InlineData("MergedWithNext", false, "-a|-|-b|c|-")]
    [InlineData("Contiguous", false, "-|a|--|bc|-")]
    [InlineData("Removed", true, "-|-|-|-")]
    public void Behaviors(string behavior, bool inverted, string expected)
    {
        // The text between matches comes as two pieces in "b", "c" only to show what joins; Contiguous is the one that joins them.
        PatternPiece[] pieces = [new(0, 1, true), new(1, 1, false), new(2, 1, true), new(3, 1, true), new(4, 1, false), new(5, 1, false), new(6, 1, true)];
        IEnumerable<string> parts = PatternSplitter.Arrange(pieces, Enum.Parse<SplitBehavior>(behavior), inverted).Select(part => "-a--bc-".Substring(part.Start, part.Length));
        Assert.Equal(expected, string.Join('|', parts));
    }

    [Theory]
    [InlineData("Hello world's 12 ½!", "Hello| world|'s| 12| ½|!")]
    [InlineData("  two   spaces \n\n x  ", " | two|  | spaces| \n\n| x|  ")]
    [InlineData("we'll 'llama don't I'VE", "we|'ll| '|llama| don|'t| I|'|VE")]
    [InlineData("𝒳𝒴 𝟙𝟚 😀😀a", "𝒳𝒴| 𝟙𝟚| 😀😀|a")]
    [InlineData("a\u00A0b\u3000 c", "a|\u00A0|b|\u3000| c")]
    public void Gpt2Words(string text, string expected) => Assert.Equal(expected, string.Join('|', Split(new ByteLevelSplitter(false, true), text)));

    [Fact]
    public void Gpt2WordsEqualTheExpression()
    {
        const string Gpt2 = @"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+";
        PatternSplitter expression = new(Pattern(Gpt2), SplitBehavior.Isolated, false);
        string[] parts = ["a", "Z", "é", "𝒳", "中", "1", "²", "𝟙", " ", "  ", "\n", "\u00A0", "'", "'s", "'ll", "!", "😀", "\u0301"];
        Random random = new(7);
        for (int round = 0; round < 500; round++)
        {
            string text = string.Concat(Enumerable.Range(0, random.Next(1, 30)).Select(_ => parts[random.Next(parts.Length)]));
            Assert.Equal(Split(expression, text), Split(new ByteLevelSplitter(false, true), text));
        }
    }

    [Theory]
    [InlineData(true, "ab|1|2|½|Ⅳ|c")]
    [InlineData(false, "ab|12½Ⅳ|c")]
    public void Digits(bool individual, string expected) => Assert.Equal(expected, string.Join('|', Split(new DigitsSplitter(individual), "ab12½Ⅳc")));

    [Theory]
    [InlineData(true, "it|'|s_5|€|ab")]
    [InlineData(false, "it's_5|€ab")]
    public void Whitespace(bool splitsWords, string expected) => Assert.Equal(expected, string.Join('|', Split(new WhitespaceSplitter(splitsWords), " it's_5 \n €ab ")));

    [Theory]
    [InlineData(PrependScheme.Always, 0, "_a|_b|_|_c")]
    [InlineData(PrependScheme.First, 0, "_a|_b|_|_c")]
    [InlineData(PrependScheme.First, 3, "a|_b|_|_c")]
    [InlineData(PrependScheme.Never, 0, "a|_b|_|_c")]
    internal void Metaspace(PrependScheme scheme, int offset, string expected)
    {
        List<TextSlice> output = [];
        new MetaspaceSplitter("_", scheme, splits: true).Split(new AlignedText("a b  c", offset).Whole(), output);
        Assert.Equal(expected, string.Join('|', output.Select(static slice => slice.Span.ToString())));
        Assert.All(output, slice => Assert.InRange(slice.Source.StartOf(slice.Start), offset, offset + 5));
    }

    internal static TextPattern Pattern(string expression) => new RegexPattern(Node(expression));

    internal static TokenizerNode Node(string value)
    {
        using JsonDocument document = JsonDocument.Parse(JsonSerializer.Serialize(value));
        return new TokenizerNode(document.RootElement.Clone(), "test.json", "pattern.Regex");
    }

    private static List<string> Split(TextSplitter splitter, string text)
    {
        List<TextSlice> output = [];
        splitter.Split(new AlignedText(text, 0).Whole(), output);
        return [.. output.Select(static slice => slice.Span.ToString())];
    }
}
