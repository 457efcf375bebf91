using Microsoft.ML.Vlm.Torch;
using Microsoft.ML.Vlm.Torch.Cuda;
using Microsoft.ML.Vlm.Torch.Kernels;
using TorchSharp;
using static TorchSharp.torch;

namespace Microsoft.ML.Vlm.Quantization;

/// <summary>
/// Tensors as 4-bit codes with a scale for every block (Dettmers et al. 2023), in the layout of bitsandbytes: the numbers row by row, blocks across the ends of rows,
/// two codes a byte with the first one in the upper half; the last block may be short.
/// </summary>
internal static class FourBitCodec
{
    /// <summary>Number of scales.</summary>
    public static long Blocks(long count, int blockSize) => (count + blockSize - 1) / blockSize;

    /// <summary>Quantizes.</summary>
    /// <param name="values">Any shape, type and device; computed in float32.</param>
    /// <param name="code">NF4 or FP4.</param>
    /// <param name="blockSize">Numbers that share a scale: a multiple of 32.</param>
    /// <returns>Codes, uint8 <c>[(count + 1) / 2]</c>, and scales, float32 <c>[blocks]</c>, on the device of the values, in the caller's scope.</returns>
    public static unsafe (Tensor Codes, Tensor Scales) Quantize(Tensor values, FourBitCode code, int blockSize)
    {
        using var scope = NewDisposeScope();
        using var frozen = no_grad();

        // Weights are quantized once, when they are read: on the CPU whatever device computes with them.
        Tensor wide = values.detach().cpu().to(ScalarType.Float32).contiguous();
        long count = wide.numel();
        Tensor codes = empty([(count + 1) / 2], dtype: ScalarType.Byte), scales = empty([Blocks(count, blockSize)], dtype: ScalarType.Float32);
        float* from = Aten.Address<float>(wide), factors = Aten.Address<float>(scales);
        byte* to = Aten.Address<byte>(codes);
        float[] thresholds = code.Thresholds.ToArray();
        byte[] order = code.CodeOfRank.ToArray();
        RowWork.Run(scales.numel(), blockSize, (first, end) =>
        {
            fixed (float* borders = thresholds)
            {
                fixed (byte* codeOfRank = order)
                {
                    FourBitKernel.Quantize(from, count, borders, codeOfRank, to, factors, blockSize, first, end);
                }
            }
        });
        return (codes.to(values.device).MoveToOuterDisposeScope(), scales.to(values.device).MoveToOuterDisposeScope());
    }

    /// <summary>The numbers of codes.</summary>
    /// <param name="codes">uint8, <c>(count + 1) / 2</c> of them.</param>
    /// <param name="scales">Float32 <c>[blocks]</c>.</param>
    /// <param name="code">NF4 or FP4.</param>
    /// <param name="blockSize">Numbers that share a scale.</param>
    /// <param name="shape">Shape of the result.</param>
    /// <param name="type">float32 or bfloat16; other types are rounded from float32.</param>
    /// <param name="body">Body of the CPU kernel; null for the widest that the processor has.</param>
    public static Tensor Dequantize(Tensor codes, Tensor scales, FourBitCode code, int blockSize, ReadOnlySpan<long> shape, ScalarType type, KernelBody? body = null)
    {
        using var scope = NewDisposeScope();
        Tensor result = empty(shape.ToArray(), dtype: type, device: codes.device);
        DequantizeInto(result, codes, scales, code, blockSize, body);
        return result.MoveToOuterDisposeScope();
    }

    /// <summary>Writes the numbers of codes into a contiguous tensor on their device.</summary>
    /// <inheritdoc cref="Dequantize"/>
    public static unsafe void DequantizeInto(Tensor result, Tensor codes, Tensor scales, FourBitCode code, int blockSize, KernelBody? body = null)
    {
        using var scope = NewDisposeScope();
        using var frozen = no_grad();
        ScalarType type = result.dtype;
        if (FourBitCudaKernel.For(codes)?.Dequantize(result, codes, new FourBitScales(scales), code.Values, blockSize) == true)
        {
            return;
        }
        if (codes.device_type != DeviceType.CPU || type is not (ScalarType.Float32 or ScalarType.BFloat16))
        {
            result.copy_(DequantizeWithTorch(codes, scales, code, blockSize, result.shape, type));
            return;
        }
        long count = result.numel();
        KernelBody chosen = body ?? KernelBodies.Best;
        byte* from = Aten.Address<byte>(codes);
        float* factors = Aten.Address<float>(scales);
        byte* to = Aten.Address<byte>(result);
        float[] values = code.Values.ToArray();
        RowWork.Run(Blocks(count, blockSize), blockSize, (first, end) =>
        {
            fixed (float* table = values)
            {
                if (type == ScalarType.Float32)
                {
                    FourBitKernel.ToFloat32(chosen, from, factors, table, (float*)to, count, blockSize, first, end);
                }
                else
                {
                    FourBitKernel.ToBFloat16(chosen, from, factors, table, (ushort*)to, count, blockSize, first, end);
                }
            }
        });
    }

    /// <summary>The same with torch operations: for every device, and the measure of the kernels.</summary>
    /// <inheritdoc cref="Dequantize"/>
    public static Tensor DequantizeWithTorch(Tensor codes, Tensor scales, FourBitCode code, int blockSize, ReadOnlySpan<long> shape, ScalarType type)
    {
        using var scope = NewDisposeScope();
        using var frozen = no_grad();
        long count = 1;
        foreach (long size in shape)
        {
            count *= size;
        }
        Tensor indices = codes.flatten().to(ScalarType.Int32), pairs = stack([indices.bitwise_right_shift(4), indices.bitwise_and(15)], 1).flatten();
        Tensor values = tensor(code.Values.ToArray(), device: codes.device).index_select(0, pairs.narrow(0, 0, count));
        return values.mul_(scales.repeat_interleave(blockSize).narrow(0, 0, count)).to(type).view(shape.ToArray()).MoveToOuterDisposeScope();
    }
}
