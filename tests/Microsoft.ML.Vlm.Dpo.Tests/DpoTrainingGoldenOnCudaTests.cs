using Microsoft.ML.Vlm.Tests;

namespace Microsoft.ML.Vlm.Dpo.Tests;

/// <summary>The same on a GPU.</summary>
[Trait("Category", "Cuda")]
public sealed class DpoTrainingGoldenOnCudaTests : DpoTrainingGoldenTests
{
    private protected override string Device => TestDevice.Cuda;
}
