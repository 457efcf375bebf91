using Microsoft.ML.Vlm.Tests.Architecture.Example.Models;

namespace Microsoft.ML.Vlm.Tests.Architecture.Example;

/// <summary>Stands on the lowest floor by its folder, and must not know a model.</summary>
internal sealed class ExampleOptions
{
    public AsField? Forbidden { get; set; }
}
