namespace Microsoft.ML.Vlm.Tests.Quantization;

/// <summary>The same on a GPU.</summary>
[Trait("Category", "Cuda")]
public sealed class QloraGoldenOnCudaTests : QloraGoldenTests
{
    private protected override string Device => TestDevice.Cuda;
}
