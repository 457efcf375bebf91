using System.Text;

namespace Microsoft.ML.Vlm.Text.Splitters;

/// <summary>
/// The pre-tokenizer of byte-level vocabularies (GPT-2). Its second half, writing each UTF-8 byte as a character of <see cref="ByteAlphabet"/>, is done by
/// <see cref="BpeModel"/>, which looks bytes up without building that text.
/// </summary>
/// <param name="addPrefixSpace">Puts a space before text that does not begin with one.</param>
/// <param name="splitsWords">Divides by GPT-2's pattern; otherwise an earlier splitter has done it.</param>
internal sealed class ByteLevelSplitter(bool addPrefixSpace, bool splitsWords) : TextSplitter
{
    /// <inheritdoc/>
    public override void Split(TextSlice slice, List<TextSlice> output)
    {
        if (addPrefixSpace && slice.Span is not [' ', ..])
        {
            AlignedTextBuilder builder = new(slice.Length + 1);
            builder.Append(" ", slice.Source.StartOf(slice.Start), slice.Source.EndOf(slice.Start));
            builder.Keep(slice.Source, slice.Start, slice.Length);
            slice = builder.ToText().Whole();
        }
        if (!splitsWords)
        {
            output.Add(slice);
            return;
        }
        ReadOnlySpan<char> text = slice.Span;
        for (int start = 0; start < text.Length;)
        {
            int end = WordEnd(text, start);
            output.Add(slice.Slice(start, end - start));
            start = end;
        }
    }

    /// <summary>End of the match at <paramref name="start"/> of <c>'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+</c>.</summary>
    /// <remarks>By hand: .NET's expressions see halves of surrogate pairs instead of letters beyond U+FFFF, and this is the hottest loop of encoding.</remarks>
    internal static int WordEnd(ReadOnlySpan<char> text, int start)
    {
        if (text[start] == '\'' && ContractionLength(text[start..]) is var contraction and > 0)
        {
            return start + contraction;
        }
        int first = text[start] == ' ' && start + 1 < text.Length ? start + 1 : start;
        Rune rune = CharacterClass.RuneAt(text, first);
        if (CharacterClass.IsLetter(rune))
        {
            return CharacterClass.RunEnd(text, first, CharacterClass.IsLetter);
        }
        if (CharacterClass.IsNumber(rune))
        {
            return CharacterClass.RunEnd(text, first, CharacterClass.IsNumber);
        }
        if (!CharacterClass.IsSpace(rune))
        {
            return CharacterClass.RunEnd(text, first, static other => !CharacterClass.IsSpace(other) && !CharacterClass.IsLetter(other) && !CharacterClass.IsNumber(other));
        }
        int end = CharacterClass.RunEnd(text, start, CharacterClass.IsSpace);
        // The last space before a word belongs to the word, unless it is the only one and could not be taken by it.
        return end == text.Length || end - start == 1 ? end : end - 1;
    }

    private static int ContractionLength(ReadOnlySpan<char> text) => text switch
    {
        ['\'', 's' or 't' or 'm' or 'd', ..] => 2,
        ['\'', 'r' or 'v', 'e', ..] or ['\'', 'l', 'l', ..] => 3,
        _ => 0,
    };
}
