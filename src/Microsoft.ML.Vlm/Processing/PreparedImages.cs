using Microsoft.ML.Vlm.Images;

namespace Microsoft.ML.Vlm.Processing;

/// <summary>The images of a row as tiles, and the texts that stand for them.</summary>
/// <param name="Tiles">One entry an image, in order; equal images share one object.</param>
/// <param name="Expansions">For each image the text that replaces its place.</param>
internal sealed record PreparedImages(IReadOnlyList<ImageTiles> Tiles, IReadOnlyList<string> Expansions)
{
    /// <summary>Resizes and splits the images of a row; equal images once.</summary>
    /// <param name="processor">The image processor.</param>
    /// <param name="images">The images.</param>
    /// <param name="withSamples">False to leave the samples out, for lengths alone.</param>
    /// <exception cref="InvalidDataException">An image cannot be processed; says which of the row.</exception>
    public static PreparedImages Create(ImageProcessor processor, IReadOnlyList<PixelImage> images, bool withSamples = true)
    {
        var known = new Dictionary<UInt128, ImageTiles>();
        var tiles = new List<ImageTiles>();
        foreach (PixelImage image in images)
        {
            if (!known.TryGetValue(image.ContentHash, out ImageTiles? prepared))
            {
                try
                {
                    known[image.ContentHash] = prepared = withSamples ? processor.Process(image) : processor.Measure(image);
                }
                catch (InvalidDataException exception)
                {
                    throw new InvalidDataException($"image {tiles.Count + 1} of {images.Count}: {exception.Message}", exception);
                }
            }
            tiles.Add(prepared);
        }
        return new PreparedImages(tiles, [.. tiles.Select(processor.Expand)]);
    }
}
