namespace Microsoft.ML.Vlm.Text;

/// <summary>The special tokens that the post-processor puts around a single text.</summary>
/// <param name="Before">Ids in front.</param>
/// <param name="After">Ids behind.</param>
internal sealed record SpecialTokenTemplate(IReadOnlyList<int> Before, IReadOnlyList<int> After)
{
    /// <summary>Adds nothing.</summary>
    public static SpecialTokenTemplate None { get; } = new([], []);
}
