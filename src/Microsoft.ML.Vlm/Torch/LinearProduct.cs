using TorchSharp;
using static TorchSharp.torch;

namespace Microsoft.ML.Vlm.Torch;

/// <summary><c>y = x Wᵀ + b</c> by the fastest way that the tensors allow.</summary>
internal static class LinearProduct
{
    /// <summary>Applies a weight to the last dimension; gradients flow where they are recorded.</summary>
    /// <param name="input"><c>[..., in]</c>.</param>
    /// <param name="weight"><c>[out, in]</c>.</param>
    /// <param name="bias"><c>[out]</c>, or null.</param>
    /// <returns><c>[..., out]</c>.</returns>
    public static Tensor Apply(Tensor input, Tensor weight, Tensor? bias)
    {
        bool isFree = KernelChoice.Applies(input, weight, bias);
        if (!isFree && !IsForOneDnn(input, weight, bias))
        {
            return nn.functional.linear(input, weight, bias);
        }
        if (input.dim() == 2)
        {
            return OnRows(input, weight, bias, isFree);
        }
        using Tensor rows = input.reshape(-1, input.size(-1)), product = OnRows(rows, weight, bias, isFree);
        return product.view([.. input.shape[..^1], weight.size(0)]);
    }

    private static Tensor OnRows(Tensor rows, Tensor weight, Tensor? bias, bool isFree)
        => isFree ? Aten.Linear(rows, weight, bias)
            : bias is null ? LinearFunction.apply(rows, weight)
            : LinearFunction.apply(rows, weight, bias);

    private static bool IsForOneDnn(Tensor input, Tensor weight, Tensor? bias)
        => KernelChoice.HasOneDnn && !KernelChoice.IsOff && input.device_type == DeviceType.CPU
            && input.dtype == ScalarType.Float32 && weight.dtype == ScalarType.Float32 && (bias is null || bias.dtype == ScalarType.Float32);
}
