namespace Microsoft.ML.Vlm;

/// <summary>Overrides of the checkpoint's image processing. Null values keep what the checkpoint says.</summary>
public sealed record ImageOptions
{
    /// <summary>Whether large images are split into tiles beside the global image (<c>do_image_splitting</c>).</summary>
    public bool? SplitImages { get; init; }

    /// <summary>Longest edge in pixels to which an image is resized before splitting (<c>size.longest_edge</c>).</summary>
    public int? LongestEdge { get; init; }

    /// <summary>Throws for a value out of its range.</summary>
    /// <exception cref="ArgumentOutOfRangeException">Names the option, its value and its range.</exception>
    public void Validate()
    {
        if (LongestEdge is int edge)
        {
            ArgumentOutOfRangeException.ThrowIfLessThan(edge, 1, nameof(LongestEdge));
        }
    }
}
