namespace Microsoft.ML.Vlm.Tests.Quantization;

/// <summary>The same on a GPU.</summary>
[Trait("Category", "Cuda")]
public sealed class Int8GoldenOnCudaTests : Int8GoldenTests
{
    private protected override string Device => TestDevice.Cuda;
}
