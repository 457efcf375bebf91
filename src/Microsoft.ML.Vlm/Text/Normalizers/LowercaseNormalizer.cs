using System.Text;

namespace Microsoft.ML.Vlm.Text.Normalizers;

/// <summary>Unicode lower case, code point by code point, independent of culture.</summary>
internal sealed class LowercaseNormalizer : TextNormalizer
{
    /// <inheritdoc/>
    public override AlignedText Normalize(AlignedText text)
    {
        AlignedTextBuilder builder = new(text.Text.Length);
        Span<char> units = stackalloc char[2];
        for (int i = 0; i < text.Text.Length;)
        {
            Rune rune = CharacterClass.RuneAt(text.Text, i);
            int end = i + rune.Utf16SequenceLength;
            // U+0130 is the one code point whose lower case is two: i and a dot above.
            ReadOnlySpan<char> lower = rune.Value == 0x130 ? "i\u0307" : units[..Rune.ToLowerInvariant(rune).EncodeToUtf16(units)];
            builder.Append(lower, text.StartOf(i), text.EndOf(end - 1));
            i = end;
        }
        return builder.ToText();
    }
}
