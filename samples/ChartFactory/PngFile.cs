using System.Buffers.Binary;
using System.IO.Compression;
using System.IO.Hashing;

namespace ChartFactory;

/// <summary>Writes pictures as PNG files (ISO/IEC 15948) without a library for images.</summary>
public static class PngFile
{
    /// <summary>Encodes red-green-blue bytes.</summary>
    /// <param name="width">Columns.</param>
    /// <param name="height">Rows.</param>
    /// <param name="samples">Rows from the top, <c>[height, width, 3]</c>.</param>
    /// <returns>The bytes of a file.</returns>
    /// <exception cref="ArgumentException"><paramref name="samples"/> is not of that size.</exception>
    public static byte[] Encode(int width, int height, ReadOnlySpan<byte> samples)
    {
        if (samples.Length != width * height * 3)
        {
            throw new ArgumentException($"{samples.Length} bytes are no {width} x {height} picture of 3 bytes a pixel.", nameof(samples));
        }
        using MemoryStream data = new();
        using (ZLibStream deflate = new(data, CompressionLevel.Optimal, leaveOpen: true))
        {
            for (int row = 0; row < height; row++)
            {
                // Filter 0: the row as it is.
                deflate.WriteByte(0);
                deflate.Write(samples.Slice(row * width * 3, width * 3));
            }
        }
        byte[] header = new byte[13];
        BinaryPrimitives.WriteInt32BigEndian(header, width);
        BinaryPrimitives.WriteInt32BigEndian(header.AsSpan(4), height);
        // 8 bits a channel, red-green-blue.
        (header[8], header[9]) = (8, 2);

        using MemoryStream file = new();
        file.Write([0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A]);
        WriteChunk(file, "IHDR"u8, header);
        WriteChunk(file, "IDAT"u8, data.ToArray());
        WriteChunk(file, "IEND"u8, []);
        return file.ToArray();
    }

    private static void WriteChunk(MemoryStream file, ReadOnlySpan<byte> kind, byte[] content)
    {
        byte[] chunk = [.. kind, .. content];
        Span<byte> number = stackalloc byte[4];
        BinaryPrimitives.WriteInt32BigEndian(number, content.Length);
        file.Write(number);
        file.Write(chunk);
        BinaryPrimitives.WriteUInt32BigEndian(number, Crc32.HashToUInt32(chunk));
        file.Write(number);
    }
}
