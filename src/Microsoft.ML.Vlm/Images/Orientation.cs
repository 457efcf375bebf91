using System.Buffers.Binary;
using System.IO.Compression;

namespace Microsoft.ML.Vlm.Images;

/// <summary>How a camera was held: read from EXIF or, failing that, XMP data of JPEG, PNG and WebP files, and applied to pixels.</summary>
/// <remarks>Same sources and precedence as Pillow's <c>ImageOps.exif_transpose</c>. Malformed data counts as upright.</remarks>
internal static class Orientation
{
    /// <summary>The value of an image that is stored upright.</summary>
    public const int Upright = 1;

    private const int MaxTextBytes = 1 << 20;

    /// <summary>The orientation, 1 to 8 in the words of EXIF; 1 when the file has none.</summary>
    /// <param name="encoded">The whole file.</param>
    public static int Read(ReadOnlySpan<byte> encoded)
    {
        int found = 0;
        int fromXmp = 0;
        foreach ((Range range, MetadataKind kind) in MetadataBlocks.Find(encoded))
        {
            ReadOnlySpan<byte> block = encoded[range];
            switch (kind)
            {
                case MetadataKind.Exif:
                    found = found == 0 ? FromExif(block) : found;
                    break;
                case MetadataKind.Xmp:
                    fromXmp = fromXmp == 0 ? FromXmp(block) : fromXmp;
                    break;
                case MetadataKind.CompressedXmp:
                    fromXmp = fromXmp == 0 ? FromXmp(Inflate(block)) : fromXmp;
                    break;
            }
        }
        found = found == 0 ? fromXmp : found;
        return found is > 0 and <= 8 ? found : Upright;
    }

    /// <summary>The image turned or mirrored to stand upright; the same object when it already does.</summary>
    /// <param name="image">Pixels as stored.</param>
    /// <param name="orientation">1 to 8 in the words of EXIF.</param>
    public static PixelImage Apply(PixelImage image, int orientation)
    {
        if (orientation == Upright)
        {
            return image;
        }
        int lastColumn = image.Width - 1;
        int lastRow = image.Height - 1;

        // The source of pixel (x, y) is start + x * alongX + y * alongY, counted in pixels.
        (int start, int alongX, int alongY) = orientation switch
        {
            2 => (lastColumn, -1, image.Width),
            3 => ((lastRow * image.Width) + lastColumn, -1, -image.Width),
            4 => (lastRow * image.Width, 1, -image.Width),
            5 => (0, image.Width, 1),
            6 => (lastRow * image.Width, -image.Width, 1),
            7 => ((lastRow * image.Width) + lastColumn, -image.Width, -1),
            8 => (lastColumn, image.Width, -1),
            _ => throw new ArgumentOutOfRangeException(nameof(orientation), orientation, "Must be 1 to 8."),
        };
        (int width, int height) = orientation < 5 ? (image.Width, image.Height) : (image.Height, image.Width);
        byte[] samples = new byte[image.Samples.Length];
        int to = 0;
        for (int y = 0; y < height; y++)
        {
            int from = start + (y * alongY);
            for (int x = 0; x < width; x++, from += alongX, to += 3)
            {
                image.Samples.AsSpan(3 * from, 3).CopyTo(samples.AsSpan(to));
            }
        }
        return new PixelImage(width, height, samples);
    }

    // TIFF 6.0: byte order, 42, offset of the first directory; a directory is a count and entries of 12 bytes.
    private static int FromExif(ReadOnlySpan<byte> block)
    {
        const ushort orientationTag = 0x0112;
        const ushort byteType = 1;
        const ushort shortType = 3;
        const ushort longType = 4;
        bool little = block.StartsWith("II*\0"u8);
        if (block.Length < 8 || (!little && !block.StartsWith("MM\0*"u8)))
        {
            return 0;
        }
        uint directory = UInt32(block[4..], little);
        if (directory > block.Length - 2)
        {
            return 0;
        }
        ReadOnlySpan<byte> entries = block[((int)directory + 2)..];
        int count = Math.Min(UInt16(block[(int)directory..], little), entries.Length / 12);
        for (int i = 0; i < count; i++)
        {
            ReadOnlySpan<byte> entry = entries.Slice(12 * i, 12);
            if (UInt16(entry, little) == orientationTag)
            {
                uint value = UInt16(entry[2..], little) switch
                {
                    byteType => entry[8],
                    shortType => UInt16(entry[8..], little),
                    longType => UInt32(entry[8..], little),
                    _ => 0,
                };
                return (int)Math.Min(value, 9);
            }
        }
        return 0;
    }

    private static int FromXmp(ReadOnlySpan<byte> block)
    {
        ReadOnlySpan<byte> key = "tiff:Orientation"u8;
        int at = block.IndexOf(key);
        if (at < 0)
        {
            return 0;
        }
        ReadOnlySpan<byte> rest = block[(at + key.Length)..];
        int skip = rest.StartsWith("=\""u8) ? 2 : 1;
        bool marked = skip == 2 || rest.StartsWith(">"u8);
        return marked && rest.Length > skip && char.IsAsciiDigit((char)rest[skip]) ? rest[skip] - '0' : 0;
    }

    private static ReadOnlySpan<byte> Inflate(ReadOnlySpan<byte> block)
    {
        try
        {
            using var source = new MemoryStream(block.ToArray());
            using var inflater = new ZLibStream(source, CompressionMode.Decompress);
            byte[] text = new byte[MaxTextBytes];
            return text.AsSpan(0, inflater.ReadAtLeast(text, text.Length, throwOnEndOfStream: false));
        }
        catch (InvalidDataException)
        {
            return default;
        }
    }

    private static ushort UInt16(ReadOnlySpan<byte> bytes, bool little)
        => little ? BinaryPrimitives.ReadUInt16LittleEndian(bytes) : BinaryPrimitives.ReadUInt16BigEndian(bytes);

    private static uint UInt32(ReadOnlySpan<byte> bytes, bool little)
        => little ? BinaryPrimitives.ReadUInt32LittleEndian(bytes) : BinaryPrimitives.ReadUInt32BigEndian(bytes);
}
