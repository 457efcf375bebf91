using System.Diagnostics;
using System.Text;
using Microsoft.ML.Vlm.Text;
using Microsoft.ML.Vlm.Text.Normalizers;

namespace Microsoft.ML.Vlm.Tests.Text;

public class UnicodeNormalizerTests
{
    [Theory]
    [InlineData("e\u0301", "\u00E9", "e\u0301")]
    [InlineData("\u212B", "\u00C5", "A\u030A")] // Angstrom sign: a singleton.
    [InlineData("\u1100\u1161\u11A8", "\uAC01", "\u1100\u1161\u11A8")] // Hangul, by formula.
    [InlineData("\uAC00\u11A8", "\uAC01", "\u1100\u1161\u11A8")]
    [InlineData("a\u0315\u0300\u05AE\u0300b", "\u00E0\u05AE\u0300\u0315b", "a\u05AE\u0300\u0300\u0315b")] // NormalizationTest.txt, part 2.
    [InlineData("q\u0307\u0323", "q\u0323\u0307", "q\u0323\u0307")]
    [InlineData("\u1E0A\u0323", "\u1E0C\u0307", "D\u0323\u0307")]
    [InlineData("e\u0338\u0301", "\u00E9\u0338", "e\u0338\u0301")] // The mark between is of a lower class, so it does not block.
    [InlineData("e\u0308\u0301", "\u00EB\u0301", "e\u0308\u0301")] // The first of two marks of a class blocks the second.
    [InlineData("\u0958", "\u0915\u093C", "\u0915\u093C")] // Excluded from composition.
    [InlineData("\U0001D15E", "\U0001D157\U0001D165", "\U0001D157\U0001D165")]
    [InlineData("\U00011099\U000110BA", "\U0001109A", "\U00011099\U000110BA")]
    [InlineData("\u0301a", "\u0301a", "\u0301a")]
    public void Forms(string text, string composed, string decomposed)
    {
        Assert.Equal(composed, Normalize(text, composes: true));
        Assert.Equal(decomposed, Normalize(text, composes: false));
    }

    [Fact]
    public void EveryMappedCodePointReturnsToItsComposedForm()
    {
        // All planes and blocks that have mappings; the ideographs and private planes between them have none.
        IEnumerable<int> codePoints = [.. Enumerable.Range(0, 0x3400), .. Enumerable.Range(0xAC00, 11172), .. Enumerable.Range(0xF900, 0x700), .. Enumerable.Range(0x10000, 0x2000), .. Enumerable.Range(0x1D000, 0x1000), .. Enumerable.Range(0x2F800, 0x220)];
        foreach (int codePoint in codePoints)
        {
            string text = new Rune(codePoint).ToString();
            string composed = Normalize(text, composes: true);
            Assert.Equal(composed, Normalize(Normalize(text, composes: false), composes: true));
            Assert.Equal(composed, Normalize(composed, composes: true));
        }
    }

    [Fact]
    public void PlacesLeadBackToTheGivenText()
    {
        AlignedText text = new UnicodeNormalizer(composes: true).Normalize(new AlignedText("xe\u0301y", 10));
        Assert.Equal("x\u00E9y", text.Text);
        Assert.Equal([10, 11, 13], Enumerable.Range(0, 3).Select(text.StartOf));
        Assert.Equal([11, 12, 14], Enumerable.Range(0, 3).Select(text.EndOf));
    }

    [Fact]
    public void ATextOfMarksIsNoTrap()
    {
        // 400,000 marks in the worst order for insertion sort, which would need minutes.
        string text = new string('\u0301', 200_000) + new string('\u0323', 200_000);
        long started = Stopwatch.GetTimestamp();
        Assert.Equal(new string('\u0323', 200_000) + new string('\u0301', 200_000), Normalize(text, composes: true));
        Assert.True(Stopwatch.GetElapsedTime(started) < TimeSpan.FromSeconds(20));
    }

    private static string Normalize(string text, bool composes) => new UnicodeNormalizer(composes).Normalize(new AlignedText(text, 0)).Text;
}
