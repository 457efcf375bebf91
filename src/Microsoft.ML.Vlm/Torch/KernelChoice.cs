using System.Runtime.InteropServices;
using TorchSharp;
using static TorchSharp.torch;

namespace Microsoft.ML.Vlm.Torch;

/// <summary>Chooses between libtorch's operations and this library's own kernels.</summary>
/// <remarks>
/// The kernels are for the CPU, for float32 and bfloat16, and record no gradients. Everything else, and everything through which autograd records, goes to libtorch.
/// </remarks>
internal static class KernelChoice
{
    [ThreadStatic]
    private static bool s_isOff;

    [ThreadStatic]
    private static bool s_isByTorch;

    /// <summary>Whether products of float32 matrices go to oneDNN: it is part of every libtorch for x64, and there as fast as MKL on Intel and twice as fast on AMD.</summary>
    public static bool HasOneDnn { get; } = RuntimeInformation.ProcessArchitecture == Architecture.X64;

    /// <summary>Whether this thread uses libtorch's operations alone, the reference that the kernels are held to. Default false.</summary>
    public static bool IsOff
    {
        get => s_isOff;
        set => s_isOff = value;
    }

    /// <summary>Whether this thread computes on the CPU as on other devices: ways back by hand stay, but by libtorch's operations. For tests; default false.</summary>
    public static bool IsByTorch
    {
        get => s_isByTorch;
        set => s_isByTorch = value;
    }

    /// <summary>
    /// Whether layers with these weights may go back by hand: of the first one's type, which is float32 or bfloat16, and frozen. On the CPU the kernels compute there, elsewhere
    /// torch's operations.
    /// </summary>
    public static bool GoesByHand(params ReadOnlySpan<Tensor> weights)
    {
        ScalarType type = weights[0].dtype;
        bool isPossible = !s_isOff && type is (ScalarType.Float32 or ScalarType.BFloat16);
        foreach (Tensor weight in weights)
        {
            isPossible &= weight.dtype == type && !weight.requires_grad;
        }
        return isPossible;
    }

    /// <summary>Whether kernels may compute on these tensors: on the CPU, of the first one's type, which is float32 or bfloat16, and without a gradient to record.</summary>
    public static bool Applies(params ReadOnlySpan<Tensor?> tensors)
    {
        ScalarType type = tensors[0]!.dtype;
        if (s_isOff || s_isByTorch || type is not (ScalarType.Float32 or ScalarType.BFloat16))
        {
            return false;
        }

        bool isRecorded = is_grad_enabled();
        foreach (Tensor? tensor in tensors)
        {
            if (tensor is not null && (tensor.dtype != type || tensor.device_type != DeviceType.CPU || (isRecorded && tensor.requires_grad)))
            {
                return false;
            }
        }
        return true;
    }
}
