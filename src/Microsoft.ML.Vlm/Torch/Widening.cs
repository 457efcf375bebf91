using Microsoft.ML.Vlm.Torch.Kernels;
using TorchSharp;
using static TorchSharp.torch;

namespace Microsoft.ML.Vlm.Torch;

/// <summary>16-bit numbers as float32, which holds each of them exactly.</summary>
internal static unsafe class Widening
{
    /// <summary>Widens a matrix.</summary>
    /// <param name="wide">Float32 <c>[rows, columns]</c>, contiguous.</param>
    /// <param name="narrow">The same shape on the same device; rows may lie apart.</param>
    public static void Into(Tensor wide, Tensor narrow)
    {
        if (KernelChoice.IsOff || narrow.dtype != ScalarType.BFloat16 || narrow.device_type != DeviceType.CPU || narrow.stride(1) != 1)
        {
            wide.copy_(narrow);
            return;
        }
        long columns = narrow.size(1), step = narrow.stride(0);
        BFloat16Element* from = Aten.Address<BFloat16Element>(narrow);
        Float32Element* to = Aten.Address<Float32Element>(wide);
        RowWork.Run(narrow.size(0), columns, (first, end) => WideningKernel.Run(from, to, columns, step, first, end));
    }
}
