using System.Globalization;
using Microsoft.ML.Vlm.Text.Patterns;

namespace Microsoft.ML.Vlm.Tests.Text;

public class RegexPatternTests
{
    [Theory]
    [InlineData(@"\p{L}+", "aé1𝒳𝒴😀中", "aé,𝒳𝒴,中")]
    [InlineData(@"\p{N}{1,3}", "12345𝟙", "123,45𝟙")]
    [InlineData(@"\P{^Lu}|\p{^Ll}+", "Ab", "A")]
    [InlineData(@"(?i:'S|'re)", "'s 'S 'ſ 'rE", "'s,'S,'ſ,'rE")]
    [InlineData(@"(?i)k[a-z]", "Kx KS kſ", "Kx,KS,kſ")]
    [InlineData(@"a++b|a", "aaab aaa", "aaab,a,a,a")]
    [InlineData(@"[^\s\p{L}]?+\p{L}", "!a b", "!a,b")]
    [InlineData(@"(?>a|ab)c", "abc ac", "ac")]
    [InlineData(@"x(?=y)|(?<!x)y|z(?!z)", "xyyzz", "x,y,z")]
    [InlineData(@"^a$", "a\nb\na", "a,a")]
    [InlineData(@"[\x41\x{42}\u0043\-\]]+", "ABC-]D", "ABC-]")]
    [InlineData(@"\s+(?!\S)|\s+", "a  b", " , ")]
    [InlineData(".+?b", "a\nab", "ab")]
    [InlineData("", "ab", "")]
    public void Matches(string expression, string text, string expected)
    {
        IEnumerable<string> found = PatternSplitterTests.Pattern(expression).Divide(text).Where(static piece => piece is { IsMatch: true, Length: > 0 })
            .Select(piece => text.Substring(piece.Start, piece.Length));
        Assert.Equal(expected, string.Join(',', found));
    }

    [Theory]
    [InlineData(@"\w+")]
    [InlineData(@"\bx")]
    [InlineData(@"(a)\1")]
    [InlineData(@"\p{Han}")]
    [InlineData("[a[bc]]")]
    [InlineData("[[:alpha:]]")]
    [InlineData("[a-z&&b]")]
    [InlineData("(?<name>a)")]
    [InlineData("a(?i)b|c")]
    [InlineData("(?i:é)")]
    [InlineData(@"(?i:\p{Lu})")]
    [InlineData("a{2}+")]
    [InlineData("😀")]
    [InlineData(@"[\u0000-\uFFFF]")]
    public void WhatHasNoExactCounterpartIsRefused(string expression)
    {
        NotSupportedException error = Assert.Throws<NotSupportedException>(() => PatternSplitterTests.Pattern(expression));
        Assert.Contains("'test.json': 'pattern.Regex'", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("(a")]
    [InlineData("a)")]
    [InlineData("[a")]
    [InlineData("*a")]
    [InlineData("[b-a]")]
    [InlineData(@"\x4")]
    [InlineData(@"\p")]
    [InlineData(@"\p{L")]
    [InlineData("a\\")]
    public void WhatIsMalformedIsRefused(string expression) => Assert.Throws<InvalidDataException>(() => PatternSplitterTests.Pattern(expression));

    [Fact]
    public void ExpressionsThatHangAreStopped()
    {
        InvalidDataException error = Assert.Throws<InvalidDataException>(() => PatternSplitterTests.Pattern("(?!b)(?:a|aa)+(?!a)(?!b)").Divide(new string('a', 80) + "b"));
        Assert.Contains("took more than", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void StandInsHaveTheCategoryThatTheyStandFor()
    {
        UnicodeCategory[] onlyWithin = [UnicodeCategory.SpaceSeparator, UnicodeCategory.LineSeparator, UnicodeCategory.ParagraphSeparator, UnicodeCategory.Control, UnicodeCategory.Surrogate];
        foreach (UnicodeCategory category in Enum.GetValues<UnicodeCategory>().Except(onlyWithin))
        {
            Assert.Equal(category, char.GetUnicodeCategory(CodePointShadow.StandInOf(category)));
        }
    }
}
