using System.Runtime.InteropServices;
using Microsoft.ML.Data;
using Microsoft.ML.Vlm.Images;

namespace Microsoft.ML.Vlm;

/// <summary>Several images of one row, in the order of their places in the prompt: the value of a column of type <see cref="ImageSequenceDataViewType"/>.</summary>
/// <remarks>
/// The images are owned and never change; nothing has to be disposed. Images of data that <c>LoadVlm</c> reads stay encoded until they are asked for, so that errors of corrupt ones come then. A class that is loaded with <c>LoadFromEnumerable</c> marks its property with
/// <see cref="ImageSequenceAttribute"/>.
/// </remarks>
public sealed class ImageSequence
{
    internal ImageSequence(IEnumerable<PixelImage> images) => Sources = [.. images.Select(image => (Func<PixelImage>)(() => image))];

    internal ImageSequence(IReadOnlyList<Func<PixelImage>> sources) => Sources = sources;

    /// <summary>A sequence of no images.</summary>
    public static ImageSequence Empty { get; } = new(Array.Empty<Func<PixelImage>>());

    /// <summary>Number of images.</summary>
    public int Count => Sources.Count;

    /// <summary>Gives each image. Those of loaded data are decoded by it, each time, on any thread; an encoded image takes a fraction of the memory.</summary>
    internal IReadOnlyList<Func<PixelImage>> Sources { get; }

    /// <summary>The images, decoded.</summary>
    internal IReadOnlyList<PixelImage> Images => [.. Sources.Select(source => source())];

    /// <summary>Copies the pixels of images, which stay the caller's.</summary>
    /// <remarks>ML.NET decodes with premultiplied alpha: colours of fully transparent pixels are lost. Opaque images are exact.</remarks>
    /// <exception cref="InvalidDataException">An image is too large.</exception>
    public static ImageSequence FromImages(IEnumerable<MLImage> images)
    {
        ArgumentNullException.ThrowIfNull(images);
        return new(images.Select(ImageDecoder.FromMLImage).ToArray());
    }

    /// <summary>Reads PNG, JPEG, GIF, BMP or WebP files. A camera's orientation is applied, alpha is dropped.</summary>
    /// <exception cref="FileNotFoundException">There is no such file; names it.</exception>
    /// <exception cref="InvalidDataException">A file is no image, too large, truncated or corrupt; names it.</exception>
    public static ImageSequence FromFiles(IEnumerable<string> paths)
    {
        ArgumentNullException.ThrowIfNull(paths);
        return new(paths.Select(ImageDecoder.Read).ToArray());
    }

    /// <summary>Decodes the contents of PNG, JPEG, GIF, BMP or WebP files. A camera's orientation is applied, alpha is dropped.</summary>
    /// <exception cref="InvalidDataException">An entry is no image, too large, truncated or corrupt; names its place.</exception>
    public static ImageSequence FromEncoded(IEnumerable<byte[]> files)
    {
        ArgumentNullException.ThrowIfNull(files);
        return new(files.Select((file, index) => ImageDecoder.Decode(file, $"number {index + 1} of the sequence")).ToArray());
    }

    /// <summary>A copy of an image, opaque, which the caller disposes.</summary>
    /// <param name="index">From 0 to <see cref="Count"/> - 1.</param>
    public MLImage ToImage(int index)
    {
        PixelImage image = Sources[index]();
        uint[] pixels = new uint[image.Width * image.Height];
        ReadOnlySpan<byte> samples = image.Samples;
        for (int i = 0; i < pixels.Length; i++)
        {
            pixels[i] = 0xFF000000u | ((uint)samples[(3 * i) + 2] << 16) | ((uint)samples[(3 * i) + 1] << 8) | samples[3 * i];
        }
        return MLImage.CreateFromPixels(image.Width, image.Height, MLPixelFormat.Rgba32, MemoryMarshal.AsBytes(pixels.AsSpan()));
    }
}
