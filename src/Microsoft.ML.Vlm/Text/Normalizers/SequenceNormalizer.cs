namespace Microsoft.ML.Vlm.Text.Normalizers;

/// <summary>Applies normalizers one after the other.</summary>
internal sealed class SequenceNormalizer(IReadOnlyList<TextNormalizer> steps) : TextNormalizer
{
    /// <inheritdoc/>
    public override AlignedText Normalize(AlignedText text)
    {
        foreach (TextNormalizer step in steps)
        {
            text = step.Normalize(text);
        }
        return text;
    }
}
