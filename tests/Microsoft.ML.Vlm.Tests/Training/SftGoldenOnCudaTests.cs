namespace Microsoft.ML.Vlm.Tests.Training;

/// <summary>The same on a GPU.</summary>
[Trait("Category", "Cuda")]
public sealed class SftGoldenOnCudaTests : SftGoldenTests
{
    private protected override string Device => TestDevice.Cuda;
}
