using System.Globalization;
using System.Text;

namespace Microsoft.ML.Vlm.Text;

/// <summary>The classes of characters that pre-tokenizers ask for, over code points (never over halves of surrogate pairs).</summary>
internal static class CharacterClass
{
    /// <summary>Letters: the categories <c>L*</c>.</summary>
    public static bool IsLetter(Rune rune) => Rune.IsLetter(rune);

    /// <summary>Numbers: the categories <c>Nd</c>, <c>Nl</c> and <c>No</c>, so that ½ and ② count as numbers.</summary>
    public static bool IsNumber(Rune rune) => Rune.IsNumber(rune);

    /// <summary>The Unicode property White_Space.</summary>
    public static bool IsSpace(Rune rune) => Rune.IsWhiteSpace(rune);

    /// <summary>A word character as Unicode's regular expression annex (UTS #18) defines it: letters, marks, decimal digits, connectors and join controls.</summary>
    public static bool IsWord(Rune rune)
    {
        return Rune.GetUnicodeCategory(rune) switch
        {
            UnicodeCategory.UppercaseLetter or UnicodeCategory.LowercaseLetter or UnicodeCategory.TitlecaseLetter or UnicodeCategory.ModifierLetter
                or UnicodeCategory.OtherLetter or UnicodeCategory.LetterNumber or UnicodeCategory.DecimalDigitNumber or UnicodeCategory.NonSpacingMark
                or UnicodeCategory.SpacingCombiningMark or UnicodeCategory.EnclosingMark or UnicodeCategory.ConnectorPunctuation => true,
            // Circled, parenthesized and squared letters are symbols with the property Alphabetic.
            UnicodeCategory.OtherSymbol => rune.Value is (>= 0x24B6 and <= 0x24E9) or (>= 0x1F130 and <= 0x1F149) or (>= 0x1F150 and <= 0x1F169) or (>= 0x1F170 and <= 0x1F189),
            _ => rune.Value is 0x200C or 0x200D,
        };
    }

    /// <summary>Decodes the code point at <paramref name="index"/>; the text must be valid UTF-16.</summary>
    public static Rune RuneAt(ReadOnlySpan<char> text, int index)
    {
        char unit = text[index];
        return char.IsHighSurrogate(unit) ? new Rune(unit, text[index + 1]) : new Rune(unit);
    }

    /// <summary>Decodes the code point that ends before <paramref name="index"/>; the text must be valid UTF-16.</summary>
    public static Rune RuneBefore(ReadOnlySpan<char> text, int index)
    {
        char unit = text[index - 1];
        return char.IsLowSurrogate(unit) ? new Rune(text[index - 2], unit) : new Rune(unit);
    }

    /// <summary>End of the run of code points from <paramref name="index"/> that satisfy <paramref name="predicate"/>.</summary>
    public static int RunEnd(ReadOnlySpan<char> text, int index, Func<Rune, bool> predicate)
    {
        while (index < text.Length)
        {
            Rune rune = RuneAt(text, index);
            if (!predicate(rune))
            {
                break;
            }
            index += rune.Utf16SequenceLength;
        }
        return index;
    }
}
