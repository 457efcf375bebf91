using Microsoft.ML.Vlm.Torch;
using TorchSharp;
using static TorchSharp.torch;

namespace Microsoft.ML.Vlm.Tests;

/// <summary>
/// Where a test computes. A class of tests that runs on a GPU too has a class derived from it that names <see cref="Cuda"/>; on machines without a GPU those tests are skipped by name.
/// </summary>
/// <remarks>
/// Tolerances are the same on both: torch computes float32 products in float32 on a GPU (TF32 is off unless a program switches it on), and sums in another order stay within them.
/// </remarks>
internal static class TestDevice
{
    public const string Cpu = "cpu";
    public const string Cuda = "cuda";

    /// <summary>The device of a name; skips the running test when it is a GPU and there is none.</summary>
    public static Device Open(string name)
    {
        Assert.SkipWhen(name == Cuda && !ComputeDevice.HasGpu, name == Cuda && !ComputeDevice.HasGpu ? ComputeDevice.WhyNoGpu : "");
        if (name == Cuda)
        {
            Assert.False(backends.cuda.matmul.allow_tf32);
        }
        return name == Cuda ? new Device(DeviceType.CUDA, 0) : CPU;
    }
}
