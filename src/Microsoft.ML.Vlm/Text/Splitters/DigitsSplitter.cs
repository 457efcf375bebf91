namespace Microsoft.ML.Vlm.Text.Splitters;

/// <summary>Sets numbers (categories Nd, Nl, No) apart from the rest.</summary>
/// <param name="individual">Each number alone; otherwise runs of them stay together.</param>
internal sealed class DigitsSplitter(bool individual) : TextSplitter
{
    /// <inheritdoc/>
    public override void Split(TextSlice slice, List<TextSlice> output)
    {
        ReadOnlySpan<char> text = slice.Span;
        for (int start = 0; start < text.Length;)
        {
            bool isNumber = CharacterClass.IsNumber(CharacterClass.RuneAt(text, start));
            int end = !isNumber ? CharacterClass.RunEnd(text, start, static rune => !CharacterClass.IsNumber(rune))
                : individual ? start + CharacterClass.RuneAt(text, start).Utf16SequenceLength
                : CharacterClass.RunEnd(text, start, CharacterClass.IsNumber);
            output.Add(slice.Slice(start, end - start));
            start = end;
        }
    }
}
