using Microsoft.ML.Vlm.Models;
using Microsoft.ML.Vlm.Models.Blocks;
using Microsoft.ML.Vlm.Models.SmolVlm;
using static TorchSharp.torch;

namespace Microsoft.ML.Vlm.Tests.Models;

public sealed class BlocksTests
{
    [Fact]
    public void Patches_of_a_full_tile_have_one_place_each()
        => Assert.Equal([0, 1, 2, 3, 4, 5, 6, 7, 8], PatchEmbedding.Places(3, 3, placesPerSide: 3));

    [Fact]
    public void Patches_of_a_smaller_tile_fall_into_the_place_at_their_fraction()
    {
        // Two rows lie at 0 and 1/2 of 4 places: rows 0 and 2. Three columns lie at 0, 1/3, 2/3: places 0, 1 (1.33), 2 (2.67).
        Assert.Equal([0, 1, 2, 8, 9, 10], PatchEmbedding.Places(2, 3, placesPerSide: 4));
    }

    [Theory]
    [InlineData(9)]
    [InlineData(14)]
    [InlineData(27)]
    [InlineData(32)]
    public void Places_equal_the_fractions_that_the_reference_compares_in_float32(int side)
    {
        // The reference: i * float32(1/n) against the boundaries 1/n, 2/n, ...; the last boundary not above the fraction is the place.
        float step = 1f / side;
        float[] boundaries = [.. Enumerable.Range(1, side - 1).Select(index => (float)(index / (double)side))];
        long[] expected = [.. Enumerable.Range(0, side).Select(index => (long)boundaries.Count(boundary => boundary <= Math.Min(index * step, 1 - 1e-6f)))];
        Assert.Equal(expected, PatchEmbedding.Places(1, side, side));
    }

    [Fact]
    public void Pixel_shuffle_puts_the_patches_of_a_square_behind_each_other()
    {
        using var scope = NewDisposeScope();
        // 4 x 4 patches of one number each, 0..15 by rows; squares of 2 x 2.
        Tensor shuffled = PixelShuffleConnector.Shuffle(arange(16, dtype: ScalarType.Float32).view(1, 16, 1), 2);
        Assert.Equal([1, 4, 4], shuffled.shape);
        Assert.Equal([0, 1, 4, 5, 2, 3, 6, 7, 8, 9, 12, 13, 10, 11, 14, 15], shuffled.contiguous().data<float>().ToArray());
    }

    [Fact]
    public void Rotary_positions_turn_the_halves_of_a_head_against_each_other()
    {
        using var scope = NewDisposeScope();
        // Head size 4, theta 100: the pairs (0, 2) and (1, 3) turn by position * 1 and position * 0.1.
        RotaryEmbedding rotary = new(4, theta: 100);
        Tensor heads = tensor(new float[] { 1, 1, 0, 0 }).view(1, 1, 4);
        Tensor turned = RotaryEmbedding.Apply(heads, rotary.Angles(tensor(new long[] { 2 }), ScalarType.Float32));
        float[] expected = [MathF.Cos(2), MathF.Cos(0.2f), MathF.Sin(2), MathF.Sin(0.2f)];
        Assert.Equal(expected, turned.data<float>().ToArray(), new Tolerance(1e-6f));
    }

    [Fact]
    public void Rms_norm_in_bfloat16_rounds_before_the_weight()
    {
        using var scope = NewDisposeScope();
        // (3, 4) / 3.5355339 = (0.84852814, 1.1313708); in bfloat16 (0.84765625, 1.1328125); times 3 = (2.5429688, 3.3984375), rounded to (2.546875, 3.40625).
        using Weight weight = new("w", tensor(new float[] { 3, 3 }).to(ScalarType.BFloat16));
        Tensor result = new RmsNorm(weight, 0).Forward(tensor(new float[,] { { 3, 4 } }).to(ScalarType.BFloat16));
        Assert.Equal([2.546875f, 3.40625f], result.to(ScalarType.Float32).data<float>().ToArray());
    }

    [Fact]
    public void A_linear_layer_that_trains_in_float32_takes_part_in_a_bfloat16_model()
    {
        using var scope = NewDisposeScope();
        using Weight weight = new("w", ones(2, 3, ScalarType.BFloat16));
        weight.MakeTrainable();
        Tensor output = new Linear("l", weight, null).Forward(ones(1, 3, ScalarType.BFloat16));
        Assert.Equal(ScalarType.BFloat16, output.dtype);
        output.sum().backward();
        Assert.Equal([1, 1, 1, 1, 1, 1], weight.Value.grad!.data<float>().ToArray());
    }
}
