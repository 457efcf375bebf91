using System.Globalization;
using System.Text;

namespace Microsoft.ML.Vlm.Text.Patterns;

/// <summary>
/// A text in which each code point beyond U+FFFF is one unit: a stand-in of the same general category. .NET's expressions see two surrogates there, of which
/// neither is a letter, a number or a symbol; over the shadow they match as over code points.
/// </summary>
internal sealed class CodePointShadow
{
    private readonly int[] _indices;

    private CodePointShadow(string text, int[] indices)
    {
        Text = text;
        _indices = indices;
    }

    /// <summary>The shadow.</summary>
    public string Text { get; }

    /// <summary>Whether a unit may stand in for other code points, so that an expression must not name it.</summary>
    public static bool IsStandIn(char unit) => StandInOf(char.GetUnicodeCategory(unit)) == unit;

    /// <summary>The shadow of a text, or null when the text is its own.</summary>
    public static CodePointShadow? Create(ReadOnlySpan<char> text)
    {
        if (text.IndexOfAnyInRange('\uD800', '\uDFFF') < 0)
        {
            return null;
        }
        StringBuilder shadow = new(text.Length);
        List<int> indices = new(text.Length + 1);
        for (int i = 0; i < text.Length;)
        {
            Rune rune = CharacterClass.RuneAt(text, i);
            indices.Add(i);
            shadow.Append(rune.IsBmp ? (char)rune.Value : StandInOf(Rune.GetUnicodeCategory(rune)));
            i += rune.Utf16SequenceLength;
        }
        indices.Add(text.Length);
        return new CodePointShadow(shadow.ToString(), [.. indices]);
    }

    /// <summary>Place in the text of a place in the shadow; the end is a place too.</summary>
    public int IndexOf(int shadowIndex) => _indices[shadowIndex];

    /// <summary>A rare unit of the given category.</summary>
    internal static char StandInOf(UnicodeCategory category) => category switch
    {
        UnicodeCategory.UppercaseLetter => '\uA78D',
        UnicodeCategory.LowercaseLetter => '\uA78E',
        UnicodeCategory.TitlecaseLetter => '\u1F88',
        UnicodeCategory.ModifierLetter => '\uA788',
        UnicodeCategory.OtherLetter => '\uA840',
        UnicodeCategory.NonSpacingMark => '\uA80B',
        UnicodeCategory.SpacingCombiningMark => '\uA823',
        UnicodeCategory.EnclosingMark => '\uA670',
        UnicodeCategory.DecimalDigitNumber => '\uA8D0',
        UnicodeCategory.LetterNumber => '\uA6E6',
        UnicodeCategory.OtherNumber => '\uA830',
        UnicodeCategory.ConnectorPunctuation => '\uFE33',
        UnicodeCategory.DashPunctuation => '\u2E3A',
        UnicodeCategory.OpenPunctuation => '\u2E22',
        UnicodeCategory.ClosePunctuation => '\u2E23',
        UnicodeCategory.InitialQuotePunctuation => '\u2E02',
        UnicodeCategory.FinalQuotePunctuation => '\u2E03',
        UnicodeCategory.OtherPunctuation => '\uA874',
        UnicodeCategory.MathSymbol => '\u2A00',
        UnicodeCategory.CurrencySymbol => '\uA838',
        UnicodeCategory.ModifierSymbol => '\uA700',
        UnicodeCategory.OtherSymbol => '\uA828',
        UnicodeCategory.Format => '\uFFF9',
        UnicodeCategory.PrivateUse => '\uE000',
        _ => '\uFFFF', // Unassigned. Separators, controls and surrogates do not occur beyond U+FFFF.
    };
}
