namespace Microsoft.ML.Vlm;

/// <summary>What of a model decides how much memory its reference takes.</summary>
internal sealed record ReferenceSizes
{
    /// <summary>Bytes of the checkpoint's weights.</summary>
    public required long FileBytes { get; init; }

    /// <summary>Bytes of all that trains.</summary>
    public required long TrainedBytes { get; init; }

    /// <summary>Whether weights that train are stored in 16 bits and computed with in float32, so that a model beside it copies them too.</summary>
    public required bool Widens { get; init; }

    /// <summary>Whether all adapters are plain updates of the language model.</summary>
    public required bool IsPlain { get; init; }

    /// <summary>Bytes of the weights of another model as it would be loaded, by its folder or id.</summary>
    public required Func<string, long> WeightsOf { get; init; }
}
