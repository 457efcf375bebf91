using System.Text.Json.Nodes;
using System.Text.RegularExpressions;

namespace Microsoft.ML.Vlm.Hub;

/// <summary>A job that is asked for. It is no record, so that nothing prints its secrets.</summary>
internal sealed partial class JobSpecification
{
    private const int MaximumLabelLength = 100;

    /// <summary>Docker image, or the address of a space (<c>https://huggingface.co/spaces/owner/name</c>).</summary>
    public required string Image { get; init; }

    /// <summary>Program and arguments; at least one text.</summary>
    public required IReadOnlyList<string> Command { get; init; }

    /// <summary>Machine, such as <c>a100-large</c>; <see cref="JobsClient.HardwareAsync"/> lists them.</summary>
    public required string Flavor { get; init; }

    /// <summary>When the hub ends the job, such as <c>2h</c>. Required: a job that hangs costs money until somebody looks.</summary>
    public required string Timeout { get; init; }

    /// <summary>Environment variables that everybody who sees the job may see.</summary>
    public IReadOnlyDictionary<string, string> Environment { get; init; } = new Dictionary<string, string>();

    /// <summary>Environment variables that nobody may see; the hub keeps them encrypted, and here they go nowhere else.</summary>
    public IReadOnlyDictionary<string, string> Secrets { get; init; } = new Dictionary<string, string>();

    /// <summary>Labels to find the job by; keys and values have at most 100 letters, digits, dots, dashes and underscores.</summary>
    public IReadOnlyDictionary<string, string> Labels { get; init; } = new Dictionary<string, string>();

    /// <summary>Repositories that the job sees as folders.</summary>
    public IReadOnlyList<JobVolume> Volumes { get; init; } = [];

    /// <summary>The names alone of what is secret.</summary>
    public override string ToString() => $"job on {Flavor}: {Image} {string.Join(' ', Command)}{(Secrets.Count > 0 ? $" (secrets: {string.Join(", ", Secrets.Keys)})" : "")}";

    /// <summary>The body of the request.</summary>
    /// <exception cref="ArgumentException">Something is missing or cannot be; never names the value of a secret.</exception>
    internal JsonObject ToJson()
    {
        if (Command.Count == 0)
        {
            throw new ArgumentException("The job has no command.");
        }
        ArgumentException.ThrowIfNullOrWhiteSpace(Image, nameof(Image));
        ArgumentException.ThrowIfNullOrWhiteSpace(Flavor, nameof(Flavor));
        int seconds = JobTimeout.Seconds(Timeout);
        foreach (string name in Environment.Keys.Concat(Secrets.Keys))
        {
            if (!VariableName().IsMatch(name))
            {
                throw new ArgumentException($"'{name}' cannot be the name of an environment variable.");
            }
        }
        if (Environment.Keys.FirstOrDefault(Secrets.ContainsKey) is { } twice)
        {
            throw new ArgumentException($"'{twice}' is both secret and not.");
        }
        if (Labels.SelectMany(label => new[] { label.Key, label.Value }).FirstOrDefault(text => text.Length > MaximumLabelLength || !LabelText().IsMatch(text)) is { } wrong)
        {
            throw new ArgumentException($"'{wrong}' cannot be in a label: letters, digits, dots, dashes and underscores, at most {MaximumLabelLength}.");
        }
        JsonObject body = new()
        {
            ["command"] = Texts(Command),
            ["arguments"] = new JsonArray(),
            ["environment"] = Entries(Environment),
            ["flavor"] = Flavor,
            [SpaceId(Image) is null ? "dockerImage" : "spaceId"] = SpaceId(Image) ?? Image,
            ["timeoutSeconds"] = seconds,
        };
        if (Secrets.Count > 0)
        {
            body["secrets"] = Entries(Secrets);
        }
        if (Labels.Count > 0)
        {
            body["labels"] = Entries(Labels);
        }
        if (Volumes.Count > 0)
        {
            body["volumes"] = new JsonArray([.. Volumes.Select(Volume)]);
        }
        return body;
    }

    // The address of a space stands for its image.
    private static string? SpaceId(string image)
        => SpaceAddress().Match(image) is { Success: true } match && HubNames.IsRepositoryId(match.Groups[1].Value) ? match.Groups[1].Value : null;

    private static JsonObject Volume(JobVolume volume)
    {
        JsonObject value = new() { ["type"] = volume.Kind, ["source"] = volume.Source, ["mountPath"] = volume.MountPath };
        if (volume.Revision is { } revision)
        {
            value["revision"] = revision;
        }
        if (volume.IsReadOnly is { } isReadOnly)
        {
            value["readOnly"] = isReadOnly;
        }
        return value;
    }

    private static JsonArray Texts(IEnumerable<string> texts) => new([.. texts.Select(text => JsonValue.Create(text))]);

    private static JsonObject Entries(IReadOnlyDictionary<string, string> entries) => new(entries.Select(entry => KeyValuePair.Create(entry.Key, (JsonNode?)entry.Value)));

    [GeneratedRegex(@"^[A-Za-z_][A-Za-z0-9_]*\z")]
    private static partial Regex VariableName();

    [GeneratedRegex(@"^[A-Za-z0-9._\-]*\z")]
    private static partial Regex LabelText();

    [GeneratedRegex(@"^(?:https://)?(?:huggingface\.co|hf\.co)/spaces/([^/]+/[^/]+)/?\z")]
    private static partial Regex SpaceAddress();
}
