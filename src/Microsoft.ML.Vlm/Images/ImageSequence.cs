using System.Runtime.InteropServices;
using Microsoft.ML.Data;
using Microsoft.ML.Vlm.Images;

namespace Microsoft.ML.Vlm;

/// <summary>Several images of one row, in the order of their places in the prompt: the value of a column of type <see cref="ImageSequenceDataViewType"/>.</summary>
/// <remarks>
/// The pixels are owned and never change; nothing has to be disposed. A class that is loaded with <c>LoadFromEnumerable</c> marks its property with
/// <see cref="ImageSequenceAttribute"/>.
/// </remarks>
public sealed class ImageSequence
{
    internal ImageSequence(IReadOnlyList<PixelImage> images) => Images = images;

    /// <summary>A sequence of no images.</summary>
    public static ImageSequence Empty { get; } = new([]);

    /// <summary>Number of images.</summary>
    public int Count => Images.Count;

    internal IReadOnlyList<PixelImage> Images { get; }

    /// <summary>Copies the pixels of images, which stay the caller's.</summary>
    /// <remarks>ML.NET decodes with premultiplied alpha: colours of fully transparent pixels are lost. Opaque images are exact.</remarks>
    /// <exception cref="InvalidDataException">An image is too large.</exception>
    public static ImageSequence FromImages(IEnumerable<MLImage> images)
    {
        ArgumentNullException.ThrowIfNull(images);
        return new([.. images.Select(ImageDecoder.FromMLImage)]);
    }

    /// <summary>Reads PNG, JPEG, GIF, BMP or WebP files. A camera's orientation is applied, alpha is dropped.</summary>
    /// <exception cref="FileNotFoundException">There is no such file; names it.</exception>
    /// <exception cref="InvalidDataException">A file is no image, too large, truncated or corrupt; names it.</exception>
    public static ImageSequence FromFiles(IEnumerable<string> paths)
    {
        ArgumentNullException.ThrowIfNull(paths);
        return new([.. paths.Select(ImageDecoder.Read)]);
    }

    /// <summary>Decodes the contents of PNG, JPEG, GIF, BMP or WebP files. A camera's orientation is applied, alpha is dropped.</summary>
    /// <exception cref="InvalidDataException">An entry is no image, too large, truncated or corrupt; names its place.</exception>
    public static ImageSequence FromEncoded(IEnumerable<byte[]> files)
    {
        ArgumentNullException.ThrowIfNull(files);
        return new([.. files.Select((file, index) => ImageDecoder.Decode(file, $"number {index + 1} of the sequence"))]);
    }

    /// <summary>A copy of an image, opaque, which the caller disposes.</summary>
    /// <param name="index">From 0 to <see cref="Count"/> - 1.</param>
    public MLImage ToImage(int index)
    {
        PixelImage image = Images[index];
        uint[] pixels = new uint[image.Width * image.Height];
        ReadOnlySpan<byte> samples = image.Samples;
        for (int i = 0; i < pixels.Length; i++)
        {
            pixels[i] = 0xFF000000u | ((uint)samples[(3 * i) + 2] << 16) | ((uint)samples[(3 * i) + 1] << 8) | samples[3 * i];
        }
        return MLImage.CreateFromPixels(image.Width, image.Height, MLPixelFormat.Rgba32, MemoryMarshal.AsBytes(pixels.AsSpan()));
    }
}
