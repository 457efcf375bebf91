using System.Globalization;
using System.Text.Json;

namespace Microsoft.ML.Vlm.Data;

/// <summary>What Hugging Face's datasets says about columns beyond their types: the names of classes.</summary>
/// <param name="ClassNames">Names of the classes of <c>ClassLabel</c> columns, by column.</param>
internal sealed record HuggingFaceFeatures(IReadOnlyDictionary<string, IReadOnlyList<string>> ClassNames)
{
    private const string Key = "huggingface";

    /// <summary>No features.</summary>
    public static HuggingFaceFeatures None { get; } = new(new Dictionary<string, IReadOnlyList<string>>());

    /// <summary>From the key <c>huggingface</c> of a Parquet file's metadata. Features of another form are passed over: they only add names.</summary>
    public static HuggingFaceFeatures FromMetadata(IReadOnlyDictionary<string, string> metadata)
    {
        if (!metadata.TryGetValue(Key, out string? json))
        {
            return None;
        }
        try
        {
            using JsonDocument document = JsonDocument.Parse(json);
            return document.RootElement.TryGetProperty("info", out JsonElement info) && info.TryGetProperty("features", out JsonElement features)
                ? new(features.EnumerateObject().Select(feature => (feature.Name, Names: NamesOf(feature.Value))).Where(pair => pair.Names is not null)
                    .ToDictionary(pair => pair.Name, pair => pair.Names!))
                : None;
        }
        catch (Exception error) when (error is JsonException or InvalidOperationException or ArgumentException)
        {
            return None;
        }
    }

    /// <summary>The columns with the names of their classes.</summary>
    public IReadOnlyList<DataField> ApplyTo(IReadOnlyList<DataField> fields) =>
    [
        .. fields.Select(field => field.Type.Kind == DataKind.Integer && ClassNames.TryGetValue(field.Name, out IReadOnlyList<string>? names)
            ? field with { Type = field.Type with { ClassNames = names } } : field),
    ];

    /// <summary>The name of a class, or its number where there is none.</summary>
    public static string NameOf(IReadOnlyList<string> names, long number)
        => number >= 0 && number < names.Count ? names[(int)number] : number.ToString(CultureInfo.InvariantCulture);

    private static IReadOnlyList<string>? NamesOf(JsonElement feature)
        => feature.ValueKind == JsonValueKind.Object && feature.TryGetProperty("names", out JsonElement names) && names.ValueKind == JsonValueKind.Array
            ? [.. names.EnumerateArray().Select(name => name.ToString())] : null;
}
