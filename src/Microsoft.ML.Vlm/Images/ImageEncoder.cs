using System.Runtime.InteropServices;
using SkiaSharp;

namespace Microsoft.ML.Vlm.Images;

/// <summary>Pixels to PNG files, for pages and logs that people look at.</summary>
internal static class ImageEncoder
{
    /// <summary>A PNG file of an image.</summary>
    /// <param name="image">The image.</param>
    /// <param name="longestEdge">A longer image is made smaller to this edge, in pixels.</param>
    public static byte[] ToPng(PixelImage image, int longestEdge)
    {
        using SKBitmap bitmap = new(new SKImageInfo(image.Width, image.Height, SKColorType.Rgba8888, SKAlphaType.Opaque));
        byte[] pixels = new byte[4L * image.Width * image.Height];
        for (int from = 0, to = 0; from < image.Samples.Length; from += 3, to += 4)
        {
            image.Samples.AsSpan(from, 3).CopyTo(pixels.AsSpan(to));
            pixels[to + 3] = byte.MaxValue;
        }
        Marshal.Copy(pixels, 0, bitmap.GetPixels(), pixels.Length);

        double scale = Math.Min(1, (double)longestEdge / Math.Max(image.Width, image.Height));
        if (scale == 1)
        {
            return Encode(bitmap);
        }
        SKImageInfo small = bitmap.Info.WithSize(Math.Max(1, (int)(image.Width * scale)), Math.Max(1, (int)(image.Height * scale)));
        using SKBitmap resized = bitmap.Resize(small, SKFilterQuality.Medium);
        return Encode(resized);
    }

    private static byte[] Encode(SKBitmap bitmap)
    {
        using SKData data = bitmap.Encode(SKEncodedImageFormat.Png, 100);
        return data.ToArray();
    }
}
