namespace Microsoft.ML.Vlm.Hub;

/// <summary>A machine for jobs.</summary>
internal sealed record JobHardware
{
    /// <summary>Name, as <see cref="JobSpecification.Flavor"/> takes it.</summary>
    public required string Name { get; init; }

    /// <summary>Name for people.</summary>
    public string? PrettyName { get; init; }

    /// <summary>Processor, such as <c>12 vCPU</c>.</summary>
    public string? Cpu { get; init; }

    /// <summary>Memory, such as <c>142 GB</c>.</summary>
    public string? Ram { get; init; }

    /// <summary>Accelerator with its number and memory, or null.</summary>
    public string? Accelerator { get; init; }

    /// <summary>Price in US dollars for each <see cref="Unit"/>; null when the hub does not say.</summary>
    public double? UnitCost { get; init; }

    /// <summary>Unit of the price, such as <c>hour</c>.</summary>
    public string? Unit { get; init; }

    /// <summary>Reads an answer.</summary>
    internal static JobHardware Of(HubJson json) => new()
    {
        Name = json.RequiredText("name"),
        PrettyName = json.Text("prettyName"),
        Cpu = json.Text("cpu"),
        Ram = json.Text("ram"),
        Accelerator = json.Section("accelerator") is { } accelerator
            ? string.Join(' ', new[] { accelerator.Text("quantity") is { } count ? $"{count} x" : null, accelerator.Text("model"), accelerator.Text("vram") }.Where(part => part is not null)) : null,
        UnitCost = json.Number("unitCostUSD"),
        Unit = json.Text("unitLabel"),
    };
}
