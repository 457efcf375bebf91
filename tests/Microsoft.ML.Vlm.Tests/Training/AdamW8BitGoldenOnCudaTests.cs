namespace Microsoft.ML.Vlm.Tests.Training;

/// <summary>The same on a GPU.</summary>
[Trait("Category", "Cuda")]
public sealed class AdamW8BitGoldenOnCudaTests : AdamW8BitGoldenTests
{
    private protected override string Device => TestDevice.Cuda;
}
