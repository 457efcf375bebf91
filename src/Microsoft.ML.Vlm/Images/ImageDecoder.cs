using System.Globalization;
using Microsoft.ML.Data;
using Microsoft.ML.Vlm.Checkpoints;
using SkiaSharp;

namespace Microsoft.ML.Vlm.Images;

/// <summary>Encoded files (PNG, JPEG, GIF, BMP, WebP) and ML.NET images to red-green-blue pixels, the way Pillow's <c>convert("RGB")</c> gives them.</summary>
/// <remarks>
/// Alpha is dropped, not blended; palettes, transparent entries included, give their colours; colour profiles are ignored; of animations the first frame is taken.
/// One known difference: of 16-bit greyscale PNG files the high byte is taken, where Pillow clips every sample above 255 to white.
/// </remarks>
internal static class ImageDecoder
{
    /// <summary>Most pixels of an image, as in Pillow: larger headers are taken for decompression bombs.</summary>
    public const long MaxPixels = 178_956_970;

    /// <summary>Most pixels along an edge; tables of resizes grow with it.</summary>
    public const int MaxEdge = 65_535;

    /// <summary>Most bytes of a file.</summary>
    public const int MaxEncodedBytes = 1 << 29;

    /// <summary>Reads and decodes a file.</summary>
    /// <exception cref="FileNotFoundException">There is no such file; names it.</exception>
    /// <exception cref="InvalidDataException">The file is no image of a known format, too large, truncated or corrupt; says which and names it.</exception>
    public static PixelImage Read(string path)
    {
        FileInfo file = LinkedFile.Info(path);
        if (!file.Exists)
        {
            throw new FileNotFoundException($"There is no image file '{path}'.", path);
        }
        CheckLength(file.Length, path);
        return Decode(File.ReadAllBytes(path), path);
    }

    /// <summary>Decodes a file's bytes.</summary>
    /// <param name="encoded">The whole file.</param>
    /// <param name="name">Shown in errors; usually the path or the row.</param>
    /// <param name="applyOrientation">
    /// Whether the camera's orientation (EXIF, or XMP when EXIF has none) is applied. True, the default, is what the reference does wherever it reads
    /// a file: in the <c>Image</c> feature of datasets and in <c>load_image</c> of transformers.
    /// </param>
    /// <exception cref="InvalidDataException">The bytes are no image of a known format, too large, truncated or corrupt; says which and names the image.</exception>
    public static PixelImage Decode(ReadOnlySpan<byte> encoded, string name, bool applyOrientation = true)
    {
        if (encoded.IsEmpty)
        {
            throw new InvalidDataException($"Image '{name}' is empty.");
        }
        CheckLength(encoded.Length, name);
        GifFrame? frame = GifFrame.Find(encoded);
        using SKData data = Copy(encoded, frame);
        using SKCodec? codec = SKCodec.Create(data);
        if (codec?.EncodedFormat is not (SKEncodedImageFormat.Png or SKEncodedImageFormat.Jpeg or SKEncodedImageFormat.Gif
            or SKEncodedImageFormat.Bmp or SKEncodedImageFormat.Webp))
        {
            throw new InvalidDataException(
                $"Image '{name}' ({encoded.Length} bytes) is not a readable PNG, JPEG, GIF, BMP or WebP file; it may be cut off before its pixels or be of another format.");
        }
        CheckSize(codec.Info.Width, codec.Info.Height, name);

        // Unpremultiplied, or the colours under transparent pixels are lost; without a colour space, or Skia converts by the profile.
        SKAlphaType alpha = codec.Info.AlphaType == SKAlphaType.Opaque ? SKAlphaType.Opaque : SKAlphaType.Unpremul;
        var info = new SKImageInfo(codec.Info.Width, codec.Info.Height, SKColorType.Rgba8888, alpha);
        using var bitmap = new SKBitmap();
        if (!bitmap.TryAllocPixels(info))
        {
            throw new InvalidDataException($"Image '{name}' of {info.Width}x{info.Height} pixels does not fit into memory.");
        }
        SKCodecResult result = codec.GetPixels(info, bitmap.GetPixels());
        if (result != SKCodecResult.Success)
        {
            string fault = result == SKCodecResult.IncompleteInput ? "truncated" : $"corrupt ({result})";
            throw new InvalidDataException($"Image '{name}' ({codec.EncodedFormat}, {info.Width}x{info.Height} pixels, {encoded.Length} bytes) is {fault}.");
        }
        byte[] samples = GC.AllocateUninitializedArray<byte>(3 * info.Width * info.Height);
        PixelLayout.DropAlpha(bitmap.GetPixelSpan(), samples, redFirst: true);
        frame?.FillOutside(info.Width, info.Height, samples);
        var image = new PixelImage(info.Width, info.Height, samples);
        return applyOrientation ? Orientation.Apply(image, Orientation.Read(encoded)) : image;
    }

    /// <summary>Copies the pixels of an ML.NET image; the image is not kept.</summary>
    /// <remarks>
    /// ML.NET decodes with premultiplied alpha and without orientation. Opaque images are exact. Colours of half-transparent pixels are divided by their alpha, to
    /// the nearest level; those of fully transparent pixels are lost and come out black. When any colour exceeds its alpha, the pixels cannot be premultiplied
    /// (they came from <see cref="MLImage.CreateFromPixels"/>) and are taken as they are.
    /// </remarks>
    /// <exception cref="InvalidDataException">The image has more than <see cref="MaxPixels"/> pixels.</exception>
    /// <exception cref="NotSupportedException">The pixel format is neither BGRA nor RGBA.</exception>
    public static PixelImage FromMLImage(MLImage image)
    {
        ArgumentNullException.ThrowIfNull(image);
        CheckSize(image.Width, image.Height, image.Tag ?? "in memory");
        bool redFirst = image.PixelFormat switch
        {
            MLPixelFormat.Rgba32 => true,
            MLPixelFormat.Bgra32 => false,
            _ => throw new NotSupportedException($"An image of pixel format {image.PixelFormat} cannot be read; only Bgra32 and Rgba32 can."),
        };
        ReadOnlySpan<byte> pixels = image.Pixels;
        byte[] samples = GC.AllocateUninitializedArray<byte>(3 * image.Width * image.Height);
        PixelLayout.DropAlpha(pixels, samples, redFirst);
        Unpremultiply(pixels, samples);
        return new PixelImage(image.Width, image.Height, samples);
    }

    // A GIF's transparent index makes Skia forget the palette's colour, so the flag is cleared in the copy.
    private static SKData Copy(ReadOnlySpan<byte> encoded, GifFrame? frame)
    {
        if (frame?.FlagsOffset is not { } offset)
        {
            return SKData.CreateCopy(encoded);
        }
        byte[] copy = encoded.ToArray();
        copy[offset] &= 0xFE;
        return SKData.CreateCopy(copy);
    }

    private static void CheckLength(long length, string name)
    {
        if (length > MaxEncodedBytes)
        {
            throw new InvalidDataException(string.Create(
                CultureInfo.InvariantCulture, $"Image '{name}' has {length:N0} bytes, above the limit of {MaxEncodedBytes:N0} bytes."));
        }
    }

    private static void CheckSize(int width, int height, string name)
    {
        if ((long)width * height > MaxPixels || Math.Max(width, height) > MaxEdge)
        {
            throw new InvalidDataException(string.Create(
                CultureInfo.InvariantCulture,
                $"Image '{name}' is {width}x{height} pixels, above the limit of {MaxPixels:N0} pixels and {MaxEdge:N0} along an edge. Make it smaller first."));
        }
    }

    private static void Unpremultiply(ReadOnlySpan<byte> pixels, Span<byte> samples)
    {
        bool opaque = true;
        for (int from = 3, to = 0; to < samples.Length; from += 4, to += 3)
        {
            byte alpha = pixels[from];
            if (Math.Max(samples[to], Math.Max(samples[to + 1], samples[to + 2])) > alpha)
            {
                return;
            }
            opaque &= alpha == 255;
        }
        for (int from = 3, to = 0; !opaque && to < samples.Length; from += 4, to += 3)
        {
            int alpha = pixels[from];
            for (int channel = 0; channel < 3 && alpha is not (0 or 255); channel++)
            {
                samples[to + channel] = (byte)(((samples[to + channel] * 255) + (alpha / 2)) / alpha);
            }
        }
    }
}
