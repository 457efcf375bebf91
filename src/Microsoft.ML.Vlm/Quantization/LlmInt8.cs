using Microsoft.ML.Vlm.Torch;
using TorchSharp;
using static TorchSharp.torch;

namespace Microsoft.ML.Vlm.Quantization;

/// <summary>
/// Products of integers with outliers apart (Dettmers et al. 2022, section 3): activations are quantized row by row, except for the columns where one is large.
/// </summary>
internal static class LlmInt8
{
    /// <summary>Activations as integers.</summary>
    /// <param name="Codes">int8 <c>[tokens, in]</c>; 0 in the columns with outliers.</param>
    /// <param name="Scales">Float32 <c>[tokens]</c>: the greatest magnitude of each row's numbers that are no outliers.</param>
    /// <param name="OutlierColumns">int64, the columns with at least one number whose magnitude reaches the threshold.</param>
    internal readonly record struct Activations(Tensor Codes, Tensor Scales, Tensor OutlierColumns);

    /// <summary>Quantizes activations.</summary>
    /// <param name="input">Float32 <c>[tokens, in]</c>.</param>
    /// <param name="threshold">Magnitude from which a number is an outlier (<c>llm_int8_threshold</c>); 0 for none.</param>
    public static Activations Quantize(Tensor input, double threshold)
    {
        using var scope = NewDisposeScope();
        using var frozen = no_grad();
        Tensor magnitudes = input.abs(), isLarge = threshold > 0 ? magnitudes.ge(threshold) : zeros_like(magnitudes, dtype: ScalarType.Bool);
        Tensor columns = isLarge.any(0), scales = magnitudes.masked_fill(isLarge, 0).amax([1]);
        Tensor codes = Int8Codec.Round(input.masked_fill(columns, 0), scales);
        return new(codes.MoveToOuterDisposeScope(), scales.MoveToOuterDisposeScope(), columns.nonzero().flatten().MoveToOuterDisposeScope());
    }

    /// <summary><c>x Wᵀ</c>: integers where they suffice, the columns with outliers in float32.</summary>
    /// <param name="input"><c>[tokens, in]</c>, any type.</param>
    /// <param name="codes">int8 <c>[out, in]</c>.</param>
    /// <param name="scales">Float32 <c>[out]</c>.</param>
    /// <param name="threshold">As for <see cref="Quantize"/>.</param>
    /// <returns>Float32 <c>[tokens, out]</c>, without gradient.</returns>
    public static Tensor Product(Tensor input, Tensor codes, Tensor scales, double threshold)
    {
        using var scope = NewDisposeScope();
        using var frozen = no_grad();
        Tensor wide = input.detach().to(ScalarType.Float32);
        Activations x = Quantize(wide, threshold);

        Tensor sums = IsForIntegers(x.Codes, codes)
            ? Aten.IntegerProduct(x.Codes, codes.t()).to(ScalarType.Float32)
            : x.Codes.to(ScalarType.Float32).mm(codes.to(ScalarType.Float32).t());
        Tensor output = sums.mul_(x.Scales.unsqueeze(1) / Int8Codec.Largest).mul_(scales / Int8Codec.Largest);
        if (x.OutlierColumns.numel() > 0)
        {
            Tensor columns = Int8Codec.Dequantize(codes.index_select(1, x.OutlierColumns).contiguous(), scales, ScalarType.Float32);
            output.addmm_(wide.index_select(1, x.OutlierColumns), columns.t());
        }
        return output.MoveToOuterDisposeScope();
    }

    // Other devices than the CPU have rules for the shapes of integer products; float32 is exact up to sums of 2^24.
    private static bool IsForIntegers(Tensor rows, Tensor weight)
        => weight.device_type == DeviceType.CPU || (rows.size(0) > 16 && rows.size(1) % 8 == 0 && weight.size(0) % 8 == 0);
}
