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

    /// <summary>Whether products of float32 matrices go to oneDNN: it is part of every libtorch for x64, and there as fast as MKL on Intel and twice as fast on AMD.</summary>
    public static bool HasOneDnn { get; } = RuntimeInformation.ProcessArchitecture == Architecture.X64;

    /// <summary>Whether this thread uses libtorch's operations alone, the reference that the kernels are held to. Default false.</summary>
    public static bool IsOff
    {
        get => s_isOff;
        set => s_isOff = value;
    }

    /// <summary>Whether kernels may compute on these tensors: on the CPU, of the first one's type, which is float32 or bfloat16, and without a gradient to record.</summary>
    public static bool Applies(params ReadOnlySpan<Tensor?> tensors)
    {
        ScalarType type = tensors[0]!.dtype;
        if (s_isOff || type is not (ScalarType.Float32 or ScalarType.BFloat16))
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
