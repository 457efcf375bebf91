using Microsoft.ML.Vlm.Images;

namespace Microsoft.ML.Vlm.Tests.Images;

public class PixelLayoutTests
{
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Alpha_is_dropped_for_any_number_of_pixels(bool redFirst)
    {
        for (int count = 1; count < 40; count++)
        {
            byte[] pixels = Random(4 * count), samples = new byte[3 * count];
            PixelLayout.DropAlpha(pixels, samples, redFirst);
            Assert.Equal(Enumerable.Range(0, samples.Length).Select(at => pixels[(at / 3 * 4) + (redFirst ? at % 3 : 2 - (at % 3))]), samples);
        }
    }

    [Fact]
    public void Channels_are_parted_for_any_number_of_pixels()
    {
        for (int count = 1; count < 70; count++)
        {
            byte[] samples = Random(3 * count);
            byte[][] planes = [new byte[count], new byte[count], new byte[count]];
            PixelLayout.Split(samples, planes[0], planes[1], planes[2]);
            for (int channel = 0; channel < 3; channel++)
            {
                Assert.Equal(Enumerable.Range(0, count).Select(pixel => samples[(3 * pixel) + channel]), planes[channel]);
            }
        }
    }

    [Fact]
    public void Normalization_rounds_like_its_formula_in_float32()
    {
        ImageNormalization normalization = new([127.5f, 120.1f, 3], [127.5f, 70.3f, 0.7f]);
        foreach (int plane in (int[])[1, 31, 64, 200])
        {
            byte[] samples = Random(2 * 3 * plane);
            float[] normalized = new float[samples.Length];
            normalization.Apply(samples, plane, normalized);
            Assert.Equal(samples.Select((sample, at) => (sample - normalization.Mean[at / plane % 3]) / normalization.Deviation[at / plane % 3]), normalized);
        }
    }

    private static byte[] Random(int length)
    {
        byte[] bytes = new byte[length];
        new Random(length).NextBytes(bytes);
        return bytes;
    }
}
