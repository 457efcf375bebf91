using System.IO.Compression;
using Microsoft.ML.Vlm.Images;

namespace Microsoft.ML.Vlm.Tests.Images;

public class OrientationTests
{
    [Theory]
    [InlineData(1, "012 345")]
    [InlineData(2, "210 543")]
    [InlineData(3, "543 210")]
    [InlineData(4, "345 012")]
    [InlineData(5, "03 14 25")]
    [InlineData(6, "30 41 52")]
    [InlineData(7, "52 41 30")]
    [InlineData(8, "25 14 03")]
    public void Images_are_turned_upright(int orientation, string expected)
    {
        var image = new PixelImage(3, 2, [.. Enumerable.Range(0, 18).Select(i => (byte)i)]);
        PixelImage upright = Orientation.Apply(image, orientation);
        string[] rows = expected.Split(' ');
        Assert.Equal((rows[0].Length, rows.Length), (upright.Width, upright.Height));
        Assert.Equal(string.Concat(rows), string.Concat(upright.Samples.Where((_, i) => i % 3 == 0).Select(sample => sample / 3)));
        Assert.All(Enumerable.Range(0, 6), pixel => Assert.Equal(upright.Samples[3 * pixel] + 2, upright.Samples[(3 * pixel) + 2]));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Exif_is_read_in_both_byte_orders(bool littleEndian)
    {
        byte[] exif = ImageFiles.Exif(6, littleEndian);
        byte[] jpeg = [0xFF, 0xD8, 0xFF, 0xE1, 0, (byte)(exif.Length + 8), .. "Exif\0\0"u8, .. exif, 0xFF, 0xDA];
        byte[] webp = [.. "RIFF"u8, 0, 0, 0, 0, .. "WEBPEXIF"u8, (byte)exif.Length, 0, 0, 0, .. exif];
        Assert.Equal(6, Orientation.Read(jpeg));
        Assert.Equal(6, Orientation.Read(webp));
        Assert.Equal(6, Orientation.Read(ImageFiles.Png(1, 1, 8, 0, [0], ("eXIf", exif))));
    }

    [Fact]
    public void Xmp_counts_where_exif_is_silent()
    {
        byte[] text = [.. "<x tiff:Orientation=\"8\"/>"u8];
        byte[] keyword = [.. "XML:com.adobe.xmp\0"u8];
        using var compressed = new MemoryStream();
        using (var deflater = new ZLibStream(compressed, CompressionLevel.Fastest, leaveOpen: true))
        {
            deflater.Write(text);
        }
        (string, byte[]) plain = ("iTXt", [.. keyword, 0, 0, 0, 0, .. text]);
        (string, byte[]) packed = ("iTXt", [.. keyword, 1, 0, 0, 0, .. compressed.ToArray()]);
        Assert.Equal(8, Orientation.Read(ImageFiles.Png(1, 1, 8, 0, [0], plain)));
        Assert.Equal(8, Orientation.Read(ImageFiles.Png(1, 1, 8, 0, [0], packed)));
        Assert.Equal(3, Orientation.Read(ImageFiles.Png(1, 1, 8, 0, [0], plain, ("eXIf", ImageFiles.Exif(3, littleEndian: false)))));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(9)]
    [InlineData(255)]
    public void Values_out_of_range_count_as_upright(byte orientation)
        => Assert.Equal(Orientation.Upright, Orientation.Read(ImageFiles.Png(1, 1, 8, 0, [0], ("eXIf", ImageFiles.Exif(orientation, littleEndian: true)))));
}
