namespace Microsoft.ML.Vlm.Tests.Training;

/// <summary>The same on a GPU.</summary>
[Trait("Category", "Cuda")]
public sealed class AdamWGoldenOnCudaTests : AdamWGoldenTests
{
    private protected override string Device => TestDevice.Cuda;
}
