using Microsoft.ML.Vlm.Torch;
using static TorchSharp.torch;

namespace Microsoft.ML.Vlm.Tests.Torch;

public sealed class DynamicMap8Tests
{
    [Fact]
    public void The_values_are_seven_decades_with_0_and_1()
    {
        ReadOnlySpan<float> signed = DynamicMap8.Signed.Values, unsigned = DynamicMap8.Unsigned.Values;
        Assert.Equal(256, signed.Length);
        Assert.Equal(256, unsigned.Length);
        Assert.Equal(0, unsigned[0]);
        Assert.Equal(1, unsigned[255]);
        // Below: two values in the lowest decade, the quarters of 0.1 to 1 times 1e-6.
        Assert.Equal(0.325e-6, unsigned[1], 1e-12);
        Assert.Equal(0.775e-6, unsigned[2], 1e-12);
        // One value in the lowest decade of the signed map, on both sides of 0.
        Assert.Equal(0.55e-6, signed[128], 1e-12);
        Assert.Equal(0, signed[127]);
        Assert.Equal(-0.55e-6, signed[126], 1e-12);
        // The highest of 64 in the top decade.
        Assert.Equal(-(1 - (0.9 / 128)), signed[0], 1e-6);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Every_number_gets_the_nearest_value_and_of_two_equally_near_the_lower(bool isSigned)
    {
        DynamicMap8 map = isSigned ? DynamicMap8.Signed : DynamicMap8.Unsigned;
        for (int code = 0; code < DynamicMap8.Count; code++)
        {
            Assert.Equal(code, map.Nearest(map.Values[code]));
            if (code < DynamicMap8.Count - 1)
            {
                float threshold = map.Thresholds[code];
                Assert.Equal(code, map.Nearest(threshold));
                Assert.Equal(code + 1, map.Nearest(MathF.BitIncrement(threshold)));
            }
        }
    }

    [Fact]
    public void A_table_cell_never_holds_two_thresholds()
    {
        foreach (DynamicMap8 map in new[] { DynamicMap8.Signed, DynamicMap8.Unsigned })
        {
            uint[] cells = [.. map.Thresholds[..^1].ToArray().Select(threshold => BitConverter.SingleToUInt32Bits(threshold) >> 16)];
            Assert.Equal(cells.Length, cells.Distinct().Count());
        }
    }

    [Fact]
    public void Blocks_are_scaled_by_their_greatest_magnitude()
    {
        using var scope = NewDisposeScope();
        Tensor values = cat([full(256, 4f), full(256, -2f), zeros(3)], 0);
        (Tensor codes, Tensor scales) = BlockwiseQuantization.Quantize(values, DynamicMap8.Signed);
        Assert.Equal([4f, 2f, 0f], scales.data<float>().ToArray());
        Assert.Equal([(byte)255, (byte)0, (byte)127], new[] { codes[0].item<byte>(), codes[256].item<byte>(), codes[514].item<byte>() });
        Tensor read = BlockwiseQuantization.Dequantize(codes, scales, DynamicMap8.Signed);
        Assert.Equal([4f, -2f * (1 - (0.9f / 128)), 0f], new[] { read[0].item<float>(), read[256].item<float>(), read[514].item<float>() }, new Tolerance(1e-6f));
    }
}
