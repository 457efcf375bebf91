using System.Buffers.Binary;

namespace Microsoft.ML.Vlm.Images;

/// <summary>Finds EXIF and XMP blocks in JPEG, PNG and WebP files.</summary>
internal static class MetadataBlocks
{
    /// <summary>Ranges of the blocks in <paramref name="encoded"/>, in the order of the file; none for other formats. Stops where the file is malformed.</summary>
    public static List<(Range Range, MetadataKind Kind)> Find(ReadOnlySpan<byte> encoded)
    {
        var blocks = new List<(Range, MetadataKind)>();
        if (encoded.StartsWith((ReadOnlySpan<byte>)[0xFF, 0xD8]))
        {
            FindInJpeg(encoded, blocks);
        }
        else if (encoded.StartsWith((ReadOnlySpan<byte>)[0x89, (byte)'P', (byte)'N', (byte)'G']))
        {
            FindInPng(encoded, blocks);
        }
        else if (encoded.Length >= 12 && encoded.StartsWith("RIFF"u8) && encoded[8..].StartsWith("WEBP"u8))
        {
            FindInWebP(encoded, blocks);
        }
        return blocks;
    }

    private static void FindInJpeg(ReadOnlySpan<byte> encoded, List<(Range, MetadataKind)> blocks)
    {
        const byte fill = 0xFF;
        const byte startOfScan = 0xDA;
        const byte application1 = 0xE1;
        int position = 2;
        while (position + 4 <= encoded.Length && encoded[position] == fill && encoded[position + 1] != startOfScan)
        {
            if (encoded[position + 1] == fill)
            {
                position++;
                continue;
            }
            int end = position + 2 + BinaryPrimitives.ReadUInt16BigEndian(encoded[(position + 2)..]);
            if (end > encoded.Length || end < position + 4)
            {
                return;
            }
            if (encoded[position + 1] == application1)
            {
                AddIfPrefixed(encoded, position + 4, end, "Exif\0\0"u8, MetadataKind.Exif, blocks);
                AddIfPrefixed(encoded, position + 4, end, "http://ns.adobe.com/xap/1.0/\0"u8, MetadataKind.Xmp, blocks);
            }
            position = end;
        }
    }

    private static void FindInPng(ReadOnlySpan<byte> encoded, List<(Range, MetadataKind)> blocks)
    {
        long position = 8;
        while (position + 12 <= encoded.Length)
        {
            int start = (int)position + 8;
            long end = start + (long)BinaryPrimitives.ReadUInt32BigEndian(encoded[(int)position..]);
            if (end > encoded.Length)
            {
                return;
            }
            ReadOnlySpan<byte> type = encoded[(start - 4)..start];
            if (type.SequenceEqual("eXIf"u8))
            {
                blocks.Add((start..(int)end, MetadataKind.Exif));
            }
            else if (type.SequenceEqual("iTXt"u8))
            {
                AddIfPrefixed(encoded, start, (int)end, "XML:com.adobe.xmp\0\0\0"u8, MetadataKind.Xmp, blocks);

                // Behind the compression flag and method stand a language and a translated keyword, both empty in XMP.
                AddIfPrefixed(encoded, start, (int)end, "XML:com.adobe.xmp\0\u0001\0\0\0"u8, MetadataKind.CompressedXmp, blocks);
            }
            position = end + 4;
        }
    }

    private static void FindInWebP(ReadOnlySpan<byte> encoded, List<(Range, MetadataKind)> blocks)
    {
        long position = 12;
        while (position + 8 <= encoded.Length)
        {
            int start = (int)position + 8;
            long end = start + (long)BinaryPrimitives.ReadUInt32LittleEndian(encoded[(start - 4)..]);
            if (end > encoded.Length)
            {
                return;
            }
            ReadOnlySpan<byte> type = encoded.Slice((int)position, 4);
            if (type.SequenceEqual("XMP "u8))
            {
                blocks.Add((start..(int)end, MetadataKind.Xmp));
            }
            else if (type.SequenceEqual("EXIF"u8))
            {
                // Some writers keep the prefix that JPEG needs.
                ReadOnlySpan<byte> prefix = "Exif\0\0"u8;
                int skip = encoded[start..(int)end].StartsWith(prefix) ? prefix.Length : 0;
                blocks.Add(((start + skip)..(int)end, MetadataKind.Exif));
            }
            position = end + (end & 1);
        }
    }

    private static void AddIfPrefixed(
        ReadOnlySpan<byte> encoded, int start, int end, ReadOnlySpan<byte> prefix, MetadataKind kind, List<(Range, MetadataKind)> blocks)
    {
        if (encoded[start..end].StartsWith(prefix))
        {
            blocks.Add(((start + prefix.Length)..end, kind));
        }
    }
}
