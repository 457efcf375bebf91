using static TorchSharp.torch;

namespace Microsoft.ML.Vlm.Torch;

/// <summary>Numbers as 8-bit codes, a scale for every 256 of them: torch operations for every device, the measure of the vector code.</summary>
internal static class BlockwiseQuantization
{
    /// <summary>Numbers that share a scale.</summary>
    public const int BlockSize = 256;

    /// <summary>Number of scales.</summary>
    public static long Blocks(long count) => (count + BlockSize - 1) / BlockSize;

    /// <summary>Each block divided by its greatest magnitude, and rounded to the nearest value of the map.</summary>
    /// <param name="values">Float32, any shape.</param>
    /// <param name="map">The values.</param>
    /// <returns>uint8 codes in the same shape, and the greatest magnitude of each block, float32 <c>[blocks]</c>.</returns>
    public static (Tensor Codes, Tensor Scales) Quantize(Tensor values, DynamicMap8 map)
    {
        using var scope = NewDisposeScope();
        using var frozen = no_grad();
        long count = values.numel(), blocks = Blocks(count);
        Tensor padded = zeros(blocks * BlockSize, dtype: ScalarType.Float32, device: values.device);
        padded.narrow(0, 0, count).copy_(values.flatten());
        Tensor rows = padded.view(blocks, BlockSize), scales = rows.abs().amax([1]);
        Tensor divided = rows / where(scales.eq(0), ones_like(scales), scales).unsqueeze(1);
        Tensor thresholds = tensor(map.Thresholds[..^1].ToArray(), device: values.device);
        Tensor codes = bucketize(divided, thresholds).to(ScalarType.Byte).flatten().narrow(0, 0, count).view(values.shape);
        return (codes.clone().MoveToOuterDisposeScope(), scales.MoveToOuterDisposeScope());
    }

    /// <summary>The numbers of codes.</summary>
    /// <param name="codes">uint8, any shape.</param>
    /// <param name="scales">Float32 <c>[blocks]</c>.</param>
    /// <param name="map">The values.</param>
    public static Tensor Dequantize(Tensor codes, Tensor scales, DynamicMap8 map)
    {
        using var scope = NewDisposeScope();
        using var frozen = no_grad();
        Tensor values = tensor(map.Values.ToArray(), device: codes.device).index_select(0, codes.flatten().to(ScalarType.Int32));
        return (values * scales.repeat_interleave(BlockSize).narrow(0, 0, codes.numel())).view(codes.shape).MoveToOuterDisposeScope();
    }
}
