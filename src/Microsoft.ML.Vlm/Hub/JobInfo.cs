namespace Microsoft.ML.Vlm.Hub;

/// <summary>What the hub says of a job.</summary>
internal sealed record JobInfo
{
    private static readonly string[] s_final = ["COMPLETED", "CANCELED", "ERROR", "DELETED"];

    /// <summary>Id.</summary>
    public required string Id { get; init; }

    /// <summary>The account or organization that pays.</summary>
    public required string Owner { get; init; }

    /// <summary>Where it is: <c>SCHEDULING</c>, <c>RUNNING</c>, <c>COMPLETED</c>, <c>CANCELED</c>, <c>ERROR</c>, <c>DELETED</c>, or what the hub invents next.</summary>
    public required string Stage { get; init; }

    /// <summary>What the hub adds to the stage, or null.</summary>
    public string? Message { get; init; }

    /// <summary>The page for people.</summary>
    public required string Url { get; init; }

    /// <summary>When it was asked for, as the hub writes it.</summary>
    public string? CreatedAt { get; init; }

    /// <summary>Docker image or space.</summary>
    public string? Image { get; init; }

    /// <summary>Program and arguments.</summary>
    public IReadOnlyList<string> Command { get; init; } = [];

    /// <summary>Machine.</summary>
    public string? Flavor { get; init; }

    /// <summary>Labels.</summary>
    public IReadOnlyDictionary<string, string> Labels { get; init; } = new Dictionary<string, string>();

    /// <summary>Whether nothing more is going to happen. A stage that is not known counts as alive.</summary>
    public bool IsFinal => s_final.Contains(Stage);

    /// <summary>Whether it ended well.</summary>
    public bool IsCompleted => Stage == "COMPLETED";

    /// <summary>Reads an answer.</summary>
    internal static JobInfo Of(HubJson json, HubSettings settings)
    {
        string id = json.RequiredText("id"), owner = json.Section("owner")?.RequiredText("name") ?? throw HubErrors.Damaged(json.Subject, "the job has no owner.");
        HubJson status = json.Section("status") ?? throw HubErrors.Damaged(json.Subject, "the job has no status.");
        return new JobInfo
        {
            Id = id,
            Owner = owner,
            Stage = status.RequiredText("stage"),
            Message = status.Text("message"),
            Url = settings.Address($"jobs/{Uri.EscapeDataString(owner)}/{Uri.EscapeDataString(id)}").AbsoluteUri,
            CreatedAt = json.Text("createdAt"),
            Image = json.Text("dockerImage") ?? json.Text("spaceId"),
            Command = json.Texts("command"),
            Flavor = json.Text("flavor"),
            Labels = json.Entries("labels"),
        };
    }
}
