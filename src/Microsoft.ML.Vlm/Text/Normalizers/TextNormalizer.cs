namespace Microsoft.ML.Vlm.Text.Normalizers;

/// <summary>Rewrites text before it is divided into pieces. Stateless, so safe for concurrent use.</summary>
internal abstract class TextNormalizer
{
    /// <summary>The rewritten text; the same object when nothing changes.</summary>
    public abstract AlignedText Normalize(AlignedText text);
}
