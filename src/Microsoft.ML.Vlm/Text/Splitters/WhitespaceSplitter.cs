using System.Text;

namespace Microsoft.ML.Vlm.Text.Splitters;

/// <summary>Drops white space and divides at it.</summary>
/// <param name="splitsWords">Also parts words from other characters, as the pattern <c>\w+|[^\w\s]+</c> does.</param>
internal sealed class WhitespaceSplitter(bool splitsWords) : TextSplitter
{
    /// <inheritdoc/>
    public override void Split(TextSlice slice, List<TextSlice> output)
    {
        ReadOnlySpan<char> text = slice.Span;
        for (int start = 0; start < text.Length;)
        {
            Rune rune = CharacterClass.RuneAt(text, start);
            int end;
            if (CharacterClass.IsSpace(rune))
            {
                start = CharacterClass.RunEnd(text, start, CharacterClass.IsSpace);
                continue;
            }
            if (!splitsWords)
            {
                end = CharacterClass.RunEnd(text, start, static other => !CharacterClass.IsSpace(other));
            }
            else if (CharacterClass.IsWord(rune))
            {
                end = CharacterClass.RunEnd(text, start, CharacterClass.IsWord);
            }
            else
            {
                end = CharacterClass.RunEnd(text, start, static other => !CharacterClass.IsSpace(other) && !CharacterClass.IsWord(other));
            }
            output.Add(slice.Slice(start, end - start));
            start = end;
        }
    }
}
