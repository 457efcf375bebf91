using Microsoft.ML.Vlm.Text;

namespace Microsoft.ML.Vlm.Tests.Text;

public class AddedTokenMatcherTests
{
    private static readonly AddedToken s_plain = new(1, "<a>", IsSpecial: true, IsNormalized: false, StripsLeft: false, StripsRight: false, IsSingleWord: false);

    [Fact]
    public void TheLeftmostAndLongestWins()
        => Assert.Equal("x|[<a><b>]|[<a>]|<b", Split("x<a><b><a><b", s_plain, s_plain with { Id = 2, Content = "<a><b>" }, s_plain with { Id = 3, Content = "<b><a>" }));

    [Fact]
    public void SpacesAreTakenOnTheSidesThatSaySo()
    {
        Assert.Equal("x|[ \n<a>]| y", Split("x \n<a> y", s_plain with { StripsLeft = true }));
        Assert.Equal("x |[<a> \t]|y", Split("x <a> \ty", s_plain with { StripsRight = true }));
        Assert.Equal("[<a>  ]|[<a>]", Split("<a>  <a>", s_plain with { StripsLeft = true, StripsRight = true }));
    }

    [Fact]
    public void SingleWordsAreNotFoundWithinWords()
    {
        AddedToken word = s_plain with { Content = "cat", IsSingleWord = true };
        Assert.Equal("concat cats 𝒳cat |[cat]|!", Split("concat cats 𝒳cat cat!", word));
    }

    [Fact]
    public void TextWithoutTokensIsOnePiece()
    {
        Assert.Equal("<a <b>", Split("<a <b>", s_plain));
        Assert.Equal("", Split("", s_plain));
        Assert.Equal("text", Split("text"));
    }

    private static string Split(string text, params AddedToken[] tokens)
        => string.Join('|', new AddedTokenMatcher(tokens.Select(static token => (token.Content, token))).Split(text)
            .Select(piece => piece.Token is null ? text.Substring(piece.Start, piece.Length) : $"[{text.Substring(piece.Start, piece.Length)}]"));
}
