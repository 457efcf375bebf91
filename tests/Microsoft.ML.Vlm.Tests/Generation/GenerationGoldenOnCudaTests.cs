namespace Microsoft.ML.Vlm.Tests.Generation;

/// <summary>The same on a GPU.</summary>
[Trait("Category", "Cuda")]
public sealed class GenerationGoldenOnCudaTests : GenerationGoldenTests
{
    private protected override string Device => TestDevice.Cuda;
}
