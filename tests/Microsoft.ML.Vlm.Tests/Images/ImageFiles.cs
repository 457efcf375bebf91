using System.Buffers.Binary;
using System.IO.Compression;
using System.IO.Hashing;
using System.Text;

namespace Microsoft.ML.Vlm.Tests.Images;

/// <summary>Small image files written byte by byte.</summary>
internal static class ImageFiles
{
    /// <summary>A PNG file from unfiltered rows, with further chunks behind the header.</summary>
    public static byte[] Png(int width, int height, byte depth, byte colourType, byte[] rows, params (string Type, byte[] Content)[] chunks)
    {
        byte[] header = new byte[13];
        BinaryPrimitives.WriteInt32BigEndian(header, width);
        BinaryPrimitives.WriteInt32BigEndian(header.AsSpan(4), height);
        header[8] = depth;
        header[9] = colourType;
        int stride = height == 0 ? 0 : rows.Length / height;
        using var compressed = new MemoryStream();
        using (var deflater = new ZLibStream(compressed, CompressionLevel.Fastest, leaveOpen: true))
        {
            for (int y = 0; y < height && stride > 0; y++)
            {
                deflater.WriteByte(0);
                deflater.Write(rows, y * stride, stride);
            }
        }
        byte[] signature = [0x89, (byte)'P', (byte)'N', (byte)'G', 13, 10, 26, 10];
        return [.. signature, .. Chunk("IHDR", header), .. chunks.SelectMany(chunk => Chunk(chunk.Type, chunk.Content)), .. Chunk("IDAT", compressed.ToArray()), .. Chunk("IEND", [])];
    }

    /// <summary>A GIF file: one row of two pixels, of palette entries 0 and 1, on a screen of a given width.</summary>
    public static byte[] Gif(byte screenWidth, byte left, bool secondIsTransparent)
    {
        byte[] control = secondIsTransparent ? [0x21, 0xF9, 4, 1, 0, 0, 1, 0] : [];
        return
        [
            .. "GIF89a"u8, screenWidth, 0, 1, 0, 0x80, 0, 0,
            10, 20, 30, 40, 50, 60,
            .. control,
            0x2C, left, 0, 0, 0, 2, 0, 1, 0, 0,
            2, 2, 0x44, 0x0A, 0, // codes of 3 bits: clear, 0, 1, end
            0x3B,
        ];
    }

    /// <summary>EXIF data with one orientation.</summary>
    public static byte[] Exif(byte orientation, bool littleEndian) => littleEndian
        ? [.. "II*\0"u8, 8, 0, 0, 0, 1, 0, 0x12, 0x01, 3, 0, 1, 0, 0, 0, orientation, 0, 0, 0, 0, 0, 0, 0]
        : [.. "MM\0*"u8, 0, 0, 0, 8, 0, 1, 0x01, 0x12, 0, 3, 0, 0, 0, 1, 0, orientation, 0, 0, 0, 0, 0, 0];

    private static byte[] Chunk(string type, byte[] content)
    {
        byte[] body = [.. Encoding.ASCII.GetBytes(type), .. content];
        byte[] length = new byte[4];
        byte[] check = new byte[4];
        BinaryPrimitives.WriteInt32BigEndian(length, content.Length);
        BinaryPrimitives.WriteUInt32BigEndian(check, Crc32.HashToUInt32(body));
        return [.. length, .. body, .. check];
    }
}
