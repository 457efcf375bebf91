namespace Microsoft.ML.Vlm.Text.Normalizers;

/// <summary>Puts a text in front of every piece that is not empty.</summary>
internal sealed class PrependNormalizer(string prefix) : TextNormalizer
{
    /// <inheritdoc/>
    public override AlignedText Normalize(AlignedText text)
    {
        if (text.Text.Length == 0)
        {
            return text;
        }
        AlignedTextBuilder builder = new(text.Text.Length + prefix.Length);
        builder.Append(prefix, text.StartOf(0), text.EndOf(0));
        builder.Keep(text, 0, text.Text.Length);
        return builder.ToText();
    }
}
