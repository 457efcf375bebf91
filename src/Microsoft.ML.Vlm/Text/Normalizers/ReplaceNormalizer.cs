using Microsoft.ML.Vlm.Text.Patterns;

namespace Microsoft.ML.Vlm.Text.Normalizers;

/// <summary>Writes <paramref name="content"/> for every match of <paramref name="pattern"/>.</summary>
internal sealed class ReplaceNormalizer(TextPattern pattern, string content) : TextNormalizer
{
    /// <inheritdoc/>
    public override AlignedText Normalize(AlignedText text)
    {
        List<PatternPiece> pieces = pattern.Divide(text.Text);
        if (!pieces.Exists(static piece => piece.IsMatch))
        {
            return text;
        }
        AlignedTextBuilder builder = new(text.Text.Length);
        foreach ((int start, int length, bool isMatch) in pieces)
        {
            if (!isMatch)
            {
                builder.Keep(text, start, length);
            }
            else
            {
                // A match of nothing (an anchor) stands at the unit that follows it, at the end of the text at the last one.
                int first = Math.Min(start, text.Text.Length - 1);
                builder.Append(content, text.StartOf(first), text.EndOf(Math.Max(first, start + length - 1)));
            }
        }
        return builder.ToText();
    }
}
