using Microsoft.ML.Vlm.Torch;
using Microsoft.ML.Vlm.Torch.Kernels;
using TorchSharp;
using static TorchSharp.torch;

namespace Microsoft.ML.Vlm.Quantization;

/// <summary>Matrices as 8-bit integers with a scale for every row, its greatest magnitude (Dettmers et al. 2022): <c>w = code * scale / 127</c>.</summary>
internal static class Int8Codec
{
    /// <summary>The greatest code.</summary>
    public const float Largest = 127;

    /// <summary>Quantizes each row.</summary>
    /// <param name="values"><c>[rows, width]</c>, any type; computed in float32.</param>
    /// <returns>Codes, int8 <c>[rows, width]</c>, and scales, float32 <c>[rows]</c>, in the caller's scope. A row of zeros has the scale 0.</returns>
    public static (Tensor Codes, Tensor Scales) Quantize(Tensor values)
    {
        using var scope = NewDisposeScope();
        using var frozen = no_grad();
        Tensor wide = values.detach().to(ScalarType.Float32), scales = wide.abs().amax([1]);
        return (Round(wide, scales).MoveToOuterDisposeScope(), scales.MoveToOuterDisposeScope());
    }

    /// <summary>The codes for given scales, ties to even.</summary>
    /// <param name="values">Float32 <c>[rows, width]</c>, in magnitude at most their row's scale.</param>
    /// <param name="scales">Float32 <c>[rows]</c>.</param>
    public static Tensor Round(Tensor values, Tensor scales)
    {
        using var scope = NewDisposeScope();
        Tensor factors = where(scales.eq(0), zeros_like(scales), Largest / scales);
        return (values * factors.unsqueeze(1)).round_().to(ScalarType.Int8).MoveToOuterDisposeScope();
    }

    /// <summary>The numbers of codes.</summary>
    /// <param name="codes">int8 <c>[rows, width]</c>.</param>
    /// <param name="scales">Float32 <c>[rows]</c>.</param>
    /// <param name="type">float32 or bfloat16; other types are rounded from float32.</param>
    /// <param name="body">Body of the CPU kernel; null for the widest that the processor has.</param>
    public static Tensor Dequantize(Tensor codes, Tensor scales, ScalarType type, KernelBody? body = null)
    {
        using var scope = NewDisposeScope();
        Tensor result = empty(codes.shape, dtype: type, device: codes.device);
        DequantizeInto(result, codes, scales, body);
        return result.MoveToOuterDisposeScope();
    }

    /// <summary>Writes the numbers of codes into a contiguous tensor on their device.</summary>
    /// <inheritdoc cref="Dequantize"/>
    public static unsafe void DequantizeInto(Tensor result, Tensor codes, Tensor scales, KernelBody? body = null)
    {
        using var scope = NewDisposeScope();
        using var frozen = no_grad();
        ScalarType type = result.dtype;
        Tensor factors = scales / Largest;
        if (codes.device_type != DeviceType.CPU || type is not (ScalarType.Float32 or ScalarType.BFloat16) || !codes.is_contiguous())
        {
            result.copy_((codes.to(ScalarType.Float32) * factors.unsqueeze(1)).to(type));
            return;
        }
        KernelBody chosen = body ?? KernelBodies.Best;
        long width = codes.size(1);
        sbyte* from = Aten.Address<sbyte>(codes);
        float* rows = Aten.Address<float>(factors);
        byte* to = Aten.Address<byte>(result);
        RowWork.Run(codes.size(0), width, (first, end) =>
        {
            if (type == ScalarType.Float32)
            {
                Int8Kernel.ToFloat32(chosen, from, rows, (float*)to, width, first, end);
            }
            else
            {
                Int8Kernel.ToBFloat16(chosen, from, rows, (ushort*)to, width, first, end);
            }
        });
    }
}
