using System.Buffers.Binary;

namespace Microsoft.ML.Vlm.Images;

/// <summary>The first frame of a GIF file: where it lies on the screen, and which colour stands around it.</summary>
/// <remarks>GIF89a specification, sections 18 to 23.</remarks>
/// <param name="Left">First column of the frame on the screen.</param>
/// <param name="Top">First row of the frame on the screen.</param>
/// <param name="Width">Pixels in a row of the frame.</param>
/// <param name="Height">Rows of the frame.</param>
/// <param name="FlagsOffset">Position of the byte whose lowest bit switches on a transparent colour, or null without one.</param>
/// <param name="Red">Colour around the frame: that of the transparent index, else of index 0.</param>
/// <param name="Green">See <paramref name="Red"/>.</param>
/// <param name="Blue">See <paramref name="Red"/>.</param>
internal sealed record GifFrame(int Left, int Top, int Width, int Height, int? FlagsOffset, byte Red, byte Green, byte Blue)
{
    private const byte Extension = 0x21;
    private const byte GraphicControl = 0xF9;
    private const byte ImageDescriptor = 0x2C;

    /// <summary>The first frame, or null when the bytes are no GIF file or end before a frame.</summary>
    public static GifFrame? Find(ReadOnlySpan<byte> encoded)
    {
        if (encoded.Length < 13 || !encoded.StartsWith("GIF8"u8))
        {
            return null;
        }
        int paletteOffset = 13;
        int position = paletteOffset + PaletteBytes(encoded[10]);
        int? flagsOffset = null;
        int index = 0;
        while (position + 10 <= encoded.Length)
        {
            if (encoded[position] == Extension)
            {
                if (encoded[position + 1] == GraphicControl && (encoded[position + 3] & 1) != 0)
                {
                    flagsOffset = position + 3;
                    index = encoded[position + 6];
                }
                position = SkipBlocks(encoded, position + 2);
                continue;
            }
            if (encoded[position] != ImageDescriptor)
            {
                return null;
            }
            ReadOnlySpan<byte> descriptor = encoded[(position + 1)..];
            paletteOffset = PaletteBytes(descriptor[8]) > 0 ? position + 10 : paletteOffset;
            int colour = paletteOffset + (3 * index);
            (byte red, byte green, byte blue) = colour + 3 <= encoded.Length ? (encoded[colour], encoded[colour + 1], encoded[colour + 2]) : default;
            return new GifFrame(
                BinaryPrimitives.ReadUInt16LittleEndian(descriptor), BinaryPrimitives.ReadUInt16LittleEndian(descriptor[2..]),
                BinaryPrimitives.ReadUInt16LittleEndian(descriptor[4..]), BinaryPrimitives.ReadUInt16LittleEndian(descriptor[6..]),
                flagsOffset, red, green, blue);
        }
        return null;
    }

    /// <summary>Gives the pixels of the screen that the frame does not cover their colour.</summary>
    /// <param name="width">Pixels in a row of the screen.</param>
    /// <param name="height">Rows of the screen.</param>
    /// <param name="samples"><c>[height, width, 3]</c>.</param>
    public void FillOutside(int width, int height, Span<byte> samples)
    {
        if (Left == 0 && Top == 0 && Width >= width && Height >= height)
        {
            return;
        }
        for (int y = 0; y < height; y++)
        {
            for (int x = 0; x < width; x++)
            {
                if (y < Top || y >= Top + Height || x < Left || x >= Left + Width)
                {
                    int offset = 3 * ((y * width) + x);
                    (samples[offset], samples[offset + 1], samples[offset + 2]) = (Red, Green, Blue);
                }
            }
        }
    }

    private static int PaletteBytes(byte flags) => (flags & 0x80) != 0 ? 3 * (2 << (flags & 7)) : 0;

    private static int SkipBlocks(ReadOnlySpan<byte> encoded, int position)
    {
        while (position < encoded.Length && encoded[position] != 0)
        {
            position += 1 + encoded[position];
        }
        return position + 1;
    }
}
