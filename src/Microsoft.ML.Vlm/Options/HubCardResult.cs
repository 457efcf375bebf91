namespace Microsoft.ML.Vlm;

/// <summary>Measured numbers on one data set, for a model card: the hub reads them from its front matter (<c>model-index</c>).</summary>
public sealed record HubCardResult
{
    /// <summary>Id of the data set on the hub, or what else it is called.</summary>
    public required string Dataset { get; init; }

    /// <summary>Part of the data set, such as <c>test</c>; null, the default, leaves it out.</summary>
    public string? Split { get; init; }

    /// <summary>Numbers by the names of their metrics, such as <c>relaxed_accuracy</c>; a group stands in brackets behind it, <c>relaxed_accuracy (human)</c>.</summary>
    public required IReadOnlyDictionary<string, double> Metrics { get; init; }

    /// <summary>What the card's table says beside a number, by its name, such as the interval; default nothing.</summary>
    public IReadOnlyDictionary<string, string> Details { get; init; } = new Dictionary<string, string>();
}
