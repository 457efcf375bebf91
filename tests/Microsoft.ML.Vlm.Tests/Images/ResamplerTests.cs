using Microsoft.ML.Vlm.Images;

namespace Microsoft.ML.Vlm.Tests.Images;

public class ResamplerTests
{
    [Fact]
    public void Halving_averages_two_pixels_and_rounds_up()
    {
        // Bilinear from 2 to 1: both centres are half a pixel away, weights 1/2 and 1/2; (0 + 255) / 2 = 127.5.
        var image = new PixelImage(2, 1, [0, 10, 7, 255, 20, 7]);
        Assert.Equal([128, 15, 7], Resampler.Resize(image, 1, 1, ResampleFilter.Bilinear, ResampleArithmetic.Pillow).Samples);
        Assert.Equal([128, 15, 7], Resampler.Resize(image, 1, 1, ResampleFilter.Bilinear, ResampleArithmetic.Torchvision).Samples);
    }

    [Fact]
    public void Doubling_interpolates_at_quarters()
    {
        // Bilinear from 2 to 4: outer pixels keep their value, inner ones are 3/4 and 1/4.
        var image = new PixelImage(1, 2, [0, 0, 0, 100, 200, 4]);
        Assert.Equal([0, 0, 0, 25, 50, 1, 75, 150, 3, 100, 200, 4], Resampler.Resize(image, 1, 4, ResampleFilter.Bilinear, ResampleArithmetic.Torchvision).Samples);
    }

    [Fact]
    public void Cubic_weights_are_those_of_keys()
    {
        // a = -1/2 at distances 1.75, 0.75, 0.25, 1.25 (from 4 to 8, output 4 lies at 2.25 - 0.5): -3/128, 29/128, 111/128, -9/128.
        ResampleTaps taps = ResampleTaps.Create(4, 8, ResampleFilter.Bicubic, ResampleArithmetic.Pillow);
        const double one = 1 << 22;
        Assert.Equal((0, 4), (taps.Starts[4], taps.Counts[4]));
        Assert.Equal(
            [Math.Round(-3 / 128d * one), Math.Round(29 / 128d * one), Math.Round(111 / 128d * one), Math.Round(-9 / 128d * one)],
            taps.Weights.AsSpan(4 * taps.Stride, 4).ToArray().Select(weight => (double)weight));
    }

    [Fact]
    public void Torchvision_uses_the_largest_precision_that_fits_sixteen_bits()
    {
        // Largest weight 1 (identity of a constant): 2^14 fits below 2^15, 2^15 does not.
        Assert.Equal(14, ResampleTaps.Create(1, 5, ResampleFilter.Bilinear, ResampleArithmetic.Torchvision).Precision);
        Assert.Equal(15, ResampleTaps.Create(2, 1, ResampleFilter.Bilinear, ResampleArithmetic.Torchvision).Precision);
    }

    [Theory]
    [InlineData(ResampleArithmetic.Pillow)]
    [InlineData(ResampleArithmetic.Torchvision)]
    internal void Vector_code_sums_the_taps_for_any_size(ResampleArithmetic arithmetic)
    {
        var random = new Random(7);
        for (int i = 0; i < 60; i++)
        {
            (int width, int height, int toWidth, int toHeight) = (random.Next(1, 90), random.Next(1, 90), random.Next(1, 90), random.Next(1, 90));
            ResampleFilter filter = (ResampleFilter)random.Next(1, 4);
            byte[] samples = new byte[3 * width * height];
            random.NextBytes(samples);
            bool verticalFirst = arithmetic == ResampleArithmetic.Pillow && height > toHeight && 2 * (width - toWidth) < height - toHeight;
            byte[] expected = verticalFirst
                ? Sum(Sum(samples, width, height, toHeight, false, filter, arithmetic), width, toHeight, toWidth, true, filter, arithmetic)
                : Sum(Sum(samples, width, height, toWidth, true, filter, arithmetic), toWidth, height, toHeight, false, filter, arithmetic);
            Assert.Equal(expected, Resampler.Resize(new PixelImage(width, height, samples), toWidth, toHeight, filter, arithmetic).Samples);
            foreach (ResampleKernel kernel in ResampleKernel.Supported.Where(kernel => arithmetic == ResampleArithmetic.Torchvision || kernel is PlainResampleKernel))
            {
                byte[] resized = new byte[3 * toWidth * toHeight];
                Resampler.Resize(samples, width, height, resized, toWidth, toHeight, filter, arithmetic, kernel);
                Assert.Equal(expected, resized);
            }
        }
    }

    [Fact]
    public void The_fastest_kernel_takes_weights_of_sixteen_bits_and_the_last_one_all()
    {
        ResampleTaps narrow = ResampleTaps.Get(10, 20, ResampleFilter.Lanczos, ResampleArithmetic.Torchvision);
        ResampleTaps wide = ResampleTaps.Get(10, 20, ResampleFilter.Lanczos, ResampleArithmetic.Pillow);
        Assert.Same(narrow, ResampleTaps.Get(10, 20, ResampleFilter.Lanczos, ResampleArithmetic.Torchvision));
        Assert.Null(wide.Pairs);
        Assert.Same(ResampleKernel.Supported[0], ResampleKernel.For(narrow));
        Assert.IsType<PlainResampleKernel>(ResampleKernel.For(wide));
    }

    [Fact]
    public void The_right_size_costs_nothing()
    {
        var image = new PixelImage(3, 2, new byte[18]);
        Assert.Same(image, Resampler.Resize(image, 3, 2, ResampleFilter.Lanczos, ResampleArithmetic.Torchvision));
    }

    private static byte[] Sum(byte[] samples, int width, int height, int to, bool alongRow, ResampleFilter filter, ResampleArithmetic arithmetic)
    {
        ResampleTaps taps = ResampleTaps.Create(alongRow ? width : height, to, filter, arithmetic);
        (int outWidth, int outHeight) = alongRow ? (to, height) : (width, to);
        byte[] result = new byte[3 * outWidth * outHeight];
        for (int at = 0; at < result.Length; at++)
        {
            (int y, int x, int channel) = (at / 3 / outWidth, at / 3 % outWidth, at % 3);
            int output = alongRow ? x : y;
            long sum = 1L << (taps.Precision - 1);
            for (int k = 0; k < taps.Counts[output]; k++)
            {
                (int fromX, int fromY) = alongRow ? (taps.Starts[output] + k, y) : (x, taps.Starts[output] + k);
                sum += (long)taps.Weights[(output * taps.Stride) + k] * samples[(3 * ((fromY * width) + fromX)) + channel];
            }
            result[at] = (byte)Math.Clamp(sum >> taps.Precision, 0, 255);
        }
        return result;
    }
}
