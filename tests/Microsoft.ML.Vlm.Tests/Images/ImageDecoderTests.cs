using Microsoft.ML.Data;
using Microsoft.ML.Vlm.Images;

namespace Microsoft.ML.Vlm.Tests.Images;

public class ImageDecoderTests
{
    private const byte Grey = 0;
    private const byte Rgb = 2;
    private const byte Palette = 3;
    private const byte GreyAlpha = 4;
    private const byte Rgba = 6;

    [Fact]
    public void One_pixel_decodes()
    {
        PixelImage image = ImageDecoder.Decode(ImageFiles.Png(1, 1, 8, Rgb, [1, 2, 3]), "one.png");
        Assert.Equal((1, 1), (image.Width, image.Height));
        Assert.Equal([1, 2, 3], image.Samples);
    }

    [Fact]
    public void Alpha_is_dropped_not_blended()
    {
        Assert.Equal([9, 8, 7, 200, 100, 50], ImageDecoder.Decode(ImageFiles.Png(2, 1, 8, Rgba, [9, 8, 7, 0, 200, 100, 50, 128]), "rgba.png").Samples);
        Assert.Equal([9, 9, 9], ImageDecoder.Decode(ImageFiles.Png(1, 1, 8, GreyAlpha, [9, 0]), "la.png").Samples);
        byte[] palette = ImageFiles.Png(2, 1, 8, Palette, [1, 0], ("PLTE", [1, 2, 3, 4, 5, 6]), ("tRNS", [0, 0]));
        Assert.Equal([4, 5, 6, 1, 2, 3], ImageDecoder.Decode(palette, "palette.png").Samples);
    }

    [Fact]
    public void Of_sixteen_bits_the_high_byte_counts()
    {
        Assert.Equal([0x12, 0x34, 0xFF], ImageDecoder.Decode(ImageFiles.Png(1, 1, 16, Rgb, [0x12, 0xFF, 0x34, 0x80, 0xFF, 0x01]), "rgb16.png").Samples);
        Assert.Equal([0x12, 0x12, 0x12], ImageDecoder.Decode(ImageFiles.Png(1, 1, 16, Grey, [0x12, 0xFF]), "grey16.png").Samples);
    }

    [Theory]
    [InlineData(2, 0, false, new byte[] { 10, 20, 30, 40, 50, 60 })]
    [InlineData(2, 0, true, new byte[] { 10, 20, 30, 40, 50, 60 })]
    [InlineData(3, 1, false, new byte[] { 10, 20, 30, 10, 20, 30, 40, 50, 60 })]
    [InlineData(3, 1, true, new byte[] { 40, 50, 60, 10, 20, 30, 40, 50, 60 })]
    public void Transparent_and_uncovered_pixels_of_a_gif_have_their_palette_colour(byte screenWidth, byte left, bool transparent, byte[] expected)
        => Assert.Equal(expected, ImageDecoder.Decode(ImageFiles.Gif(screenWidth, left, transparent), "frame.gif").Samples);

    [Fact]
    public void Headers_of_huge_images_are_refused_before_decoding()
    {
        InvalidDataException pixels = Assert.Throws<InvalidDataException>(() => ImageDecoder.Decode(ImageFiles.Png(30_000, 20_000, 8, Rgb, []), "bomb.png"));
        Assert.Contains("'bomb.png' is 30000x20000 pixels, above the limit of 178,956,970", pixels.Message, StringComparison.Ordinal);
        InvalidDataException edge = Assert.Throws<InvalidDataException>(() => ImageDecoder.Decode(ImageFiles.Png(70_000, 1, 8, Grey, []), "line.png"));
        Assert.Contains("65,535 along an edge", edge.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void What_is_no_image_is_refused_by_name()
    {
        Assert.Contains("'empty.png' is empty", Assert.Throws<InvalidDataException>(() => ImageDecoder.Decode([], "empty.png")).Message, StringComparison.Ordinal);
        Assert.Contains("'text.png'", Assert.Throws<InvalidDataException>(() => ImageDecoder.Decode("<svg/>"u8, "text.png")).Message, StringComparison.Ordinal);
        Assert.Contains("'/no/such.png'", Assert.Throws<FileNotFoundException>(() => ImageDecoder.Read("/no/such.png")).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Damaged_files_give_pixels_or_the_right_exception()
    {
        var random = new Random(1);
        byte[][] files =
        [
            ImageFiles.Png(5, 4, 8, Rgb, new byte[60], ("eXIf", ImageFiles.Exif(6, littleEndian: true))), ImageFiles.Gif(3, 1, secondIsTransparent: true),
            ImageFiles.Png(8, 1, 1, Palette, [0xA5], ("PLTE", new byte[6]), ("tRNS", [0])),
        ];
        for (int i = 0; i < 3000; i++)
        {
            byte[] file = [.. files[i % files.Length]];
            for (int flips = random.Next(1, 4); flips > 0; flips--)
            {
                file[random.Next(file.Length)] = (byte)random.Next(256);
            }
            Exception? thrown = Record.Exception(() => ImageDecoder.Decode(file.AsSpan(0, random.Next(file.Length + 1)), "damaged"));
            Assert.True(thrown is null or InvalidDataException, $"{thrown}");
        }
    }

    [Fact]
    public void MLImages_in_both_channel_orders_give_the_same_pixels()
    {
        using MLImage rgba = MLImage.CreateFromPixels(2, 1, MLPixelFormat.Rgba32, [1, 2, 3, 255, 4, 5, 6, 255]);
        using MLImage bgra = MLImage.CreateFromPixels(2, 1, MLPixelFormat.Bgra32, [3, 2, 1, 255, 6, 5, 4, 255]);
        Assert.Equal([1, 2, 3, 4, 5, 6], ImageDecoder.FromMLImage(rgba).Samples);
        Assert.Equal([1, 2, 3, 4, 5, 6], ImageDecoder.FromMLImage(bgra).Samples);
    }

    [Fact]
    public void Premultiplied_pixels_are_divided_by_their_alpha_and_straight_ones_kept()
    {
        using MLImage premultiplied = MLImage.CreateFromPixels(2, 1, MLPixelFormat.Rgba32, [64, 0, 128, 128, 0, 0, 0, 0]);
        using MLImage straight = MLImage.CreateFromPixels(2, 1, MLPixelFormat.Rgba32, [64, 0, 128, 128, 9, 8, 7, 0]);
        Assert.Equal([128, 0, 255, 0, 0, 0], ImageDecoder.FromMLImage(premultiplied).Samples);
        Assert.Equal([64, 0, 128, 9, 8, 7], ImageDecoder.FromMLImage(straight).Samples);
    }

    [Fact]
    public void MLNet_decodes_transparent_files_to_the_same_colours_but_for_what_premultiplying_loses()
    {
        byte[] file = ImageFiles.Png(3, 1, 8, Rgba, [200, 100, 50, 255, 200, 100, 50, 128, 200, 100, 50, 0]);
        using var stream = new MemoryStream(file);
        using MLImage image = MLImage.CreateFromStream(stream);
        byte[] samples = ImageDecoder.FromMLImage(image).Samples;
        Assert.Equal([200, 100, 50], samples[..3]);
        Assert.All(samples[3..6].Zip([200, 100, 50]), pair => Assert.InRange(pair.First - pair.Second, -1, 1));
        Assert.Equal([0, 0, 0], samples[6..]);
    }
}
