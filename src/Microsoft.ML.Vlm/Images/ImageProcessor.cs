namespace Microsoft.ML.Vlm.Images;

/// <summary>Turns an image into tiles, and says which text stands for them; one implementation a family.</summary>
internal abstract class ImageProcessor
{
    /// <summary>Places in the token sequence that one tile takes.</summary>
    public abstract int TokensPerTile { get; }

    /// <summary>Resizes and splits.</summary>
    /// <exception cref="InvalidDataException">The image cannot be processed (for instance an extreme aspect ratio); says why.</exception>
    public abstract ImageTiles Process(PixelImage image);

    /// <summary>What <see cref="Process"/> would give, without its samples: cheap, for lengths.</summary>
    /// <exception cref="InvalidDataException">The image cannot be processed; says why.</exception>
    public abstract ImageTiles Measure(PixelImage image);

    /// <summary>The next smaller processing of the same checkpoint, with fewer tiles for large images; null when every image is one tile.</summary>
    public abstract ImageProcessor? Smaller();

    /// <summary>The text that replaces one image place of the rendered prompt, with <see cref="TokensPerTile"/> image tokens for each tile.</summary>
    public abstract string Expand(ImageTiles tiles);
}
