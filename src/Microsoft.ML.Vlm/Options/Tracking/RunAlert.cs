namespace Microsoft.ML.Vlm;

/// <summary>A warning of a run, or the error that ends it.</summary>
public sealed record RunAlert
{
    /// <summary>How grave it is.</summary>
    public required RunAlertLevel Level { get; init; }

    /// <summary>What it is about, in a word or two.</summary>
    public required string Title { get; init; }

    /// <summary>What happened, where, and what helps.</summary>
    public required string Text { get; init; }

    /// <summary>Optimizer steps done; null before the first one is.</summary>
    public int? Step { get; init; }

    /// <summary>When, in UTC.</summary>
    public required DateTime Time { get; init; }
}
