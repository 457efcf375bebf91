namespace Microsoft.ML.Vlm.Hub;

/// <summary>What a model card says.</summary>
internal sealed record ModelCardContent
{
    /// <summary>Owner and name of the repository.</summary>
    public required string Repository { get; init; }

    /// <summary>Owner and name of the base model's repository; null when it was a folder.</summary>
    public string? BaseModel { get; init; }

    /// <summary>Whether it is an adapter; else a whole model.</summary>
    public required bool IsAdapter { get; init; }

    /// <summary>How it was trained, such as <c>sft</c> or <c>dpo</c>; null when that is not known.</summary>
    public string? Method { get; init; }

    /// <summary>Further tags.</summary>
    public IReadOnlyList<string> Tags { get; init; } = [];

    /// <summary>Ids of the datasets.</summary>
    public IReadOnlyList<string> Datasets { get; init; } = [];

    /// <summary>The licence's name on the hub, or null.</summary>
    public string? License { get; init; }

    /// <summary>Measured numbers by their names, such as <c>relaxed_accuracy</c>.</summary>
    public IReadOnlyDictionary<string, double> Metrics { get; init; } = new Dictionary<string, double>();

    /// <summary>Measured numbers by data sets.</summary>
    public IReadOnlyList<HubCardResult> Results { get; init; } = [];

    /// <summary>Version of this library.</summary>
    public required string Version { get; init; }
}
