using Microsoft.ML.Vlm.Images;

namespace Microsoft.ML.Vlm.Tests.Images;

public sealed class ImageEncoderTests
{
    [Fact]
    public void A_small_image_keeps_every_pixel()
    {
        byte[] samples = [.. Enumerable.Range(0, 5 * 3 * 3).Select(index => (byte)(index * 5))];

        PixelImage decoded = ImageDecoder.Decode(ImageEncoder.ToPng(new PixelImage(5, 3, samples), longestEdge: 5), "encoded");

        Assert.Equal((5, 3), (decoded.Width, decoded.Height));
        Assert.Equal(samples, decoded.Samples);
    }

    [Theory]
    [InlineData(200, 100, 50, 50, 25)]
    [InlineData(1, 400, 40, 1, 40)]
    public void A_large_image_shrinks_to_the_longest_edge(int width, int height, int edge, int expectedWidth, int expectedHeight)
    {
        PixelImage decoded = ImageDecoder.Decode(ImageEncoder.ToPng(new PixelImage(width, height, new byte[3 * width * height]), edge), "encoded");

        Assert.Equal((expectedWidth, expectedHeight), (decoded.Width, decoded.Height));
    }
}
