namespace Microsoft.ML.Vlm.Tests.Torch;

/// <summary>The same on a GPU.</summary>
[Trait("Category", "Cuda")]
public sealed class DeviceRandomOnCudaTests : DeviceRandomTests
{
    private protected override string Device => TestDevice.Cuda;
}
