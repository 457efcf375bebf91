namespace Microsoft.ML.Vlm.Text.Normalizers;

/// <summary>Drops white space at the ends of each piece.</summary>
internal sealed class StripNormalizer(bool left, bool right) : TextNormalizer
{
    /// <inheritdoc/>
    public override AlignedText Normalize(AlignedText text)
    {
        int start = 0;
        int end = text.Text.Length;
        while (left && start < end && char.IsWhiteSpace(text.Text[start]))
        {
            start++;
        }
        while (right && end > start && char.IsWhiteSpace(text.Text[end - 1]))
        {
            end--;
        }
        if (end - start == text.Text.Length)
        {
            return text;
        }
        AlignedTextBuilder builder = new(end - start);
        builder.Keep(text, start, end - start);
        return builder.ToText();
    }
}
