namespace Microsoft.ML.Vlm.Images;

/// <summary>An image as the model reads it: tiles of equal size, kept as 8-bit samples until they are put on the device.</summary>
/// <param name="Rows">Rows of tiles the image was split into; 0 when it was not split.</param>
/// <param name="Columns">Columns of tiles; 0 when the image was not split.</param>
/// <param name="Count">All tiles: <c>Rows * Columns</c> and the global image, which comes last.</param>
/// <param name="Height">Pixels of a tile.</param>
/// <param name="Width">Pixels of a tile.</param>
/// <param name="Samples"><c>[Count, 3, Height, Width]</c>.</param>
/// <param name="Normalization">What the model subtracts and divides by.</param>
/// <param name="ContentHash">Equal for equal source image and equal processing; the key of feature caches.</param>
internal sealed record ImageTiles(
    int Rows, int Columns, int Count, int Height, int Width, byte[] Samples, ImageNormalization Normalization, UInt128 ContentHash)
{
    private Func<ImageTiles>? _again;

    /// <summary>Whether the pixels are here. An image whose features are kept elsewhere may be without; <see cref="Load"/> gets them back.</summary>
    public bool HasSamples => Samples.Length > 0;

    /// <summary>The same image without pixels.</summary>
    /// <param name="again">Reads it again, with pixels.</param>
    public ImageTiles WithoutSamples(Func<ImageTiles> again) => this with { Samples = [], _again = again };

    /// <summary>The image with its pixels, read again if need be.</summary>
    /// <exception cref="InvalidDataException">The image read again is another one.</exception>
    public ImageTiles Load()
    {
        if (HasSamples)
        {
            return this;
        }
        ImageTiles image = _again!();
        return image.ContentHash == ContentHash && image.Count == Count
            ? image
            : throw new InvalidDataException("An image is another one than when it was first read. Give a source that yields the same rows each time.");
    }
}
