using Microsoft.ML.Vlm.Torch;

namespace Microsoft.ML.Vlm;

/// <content>Where the model computes.</content>
public abstract partial class VlmModelOptions
{
    /// <summary>
    /// Where weights lie and the model computes, in the words of torch (<c>device</c>): <c>cpu</c>, <c>cuda</c> for the first GPU of NVIDIA, <c>cuda:1</c> for the second one,
    /// and so on. Null, the default, or <c>auto</c> takes the first GPU where the application's libtorch can use one, else the CPU. A GPU needs one of TorchSharp's CUDA packages
    /// in place of the CPU one. It is not saved with the transformer: one that is loaded takes what the machine has.
    /// </summary>
    public string? Device { get; set; }

    private void ValidateDevice() => ComputeDevice.Parse(Device);
}
