using System.Text.Json;
using System.Text.Json.Serialization;

namespace Microsoft.ML.Vlm.Components;

/// <summary>The content of <c>vlm.json</c> in a saved transformer.</summary>
internal sealed record VlmModelDescription
{
    /// <summary>Name of the entry.</summary>
    public const string FileName = "vlm.json";

    /// <summary>Columns, generation and image options.</summary>
    public required VlmTransformerSettings Settings { get; init; }

    /// <summary>Where the base model is, and how to recognize it.</summary>
    public required BaseModelReference Base { get; init; }

    /// <summary>Whether an adapter lies beside it, in PEFT's files.</summary>
    public required bool HasAdapter { get; init; }

    /// <summary>The text of the entry.</summary>
    public string ToJson() => JsonSerializer.Serialize(this, VlmModelJson.Default.VlmModelDescription);

    /// <summary>Reads the entry's text and checks every value.</summary>
    /// <exception cref="InvalidDataException">It is damaged; says where.</exception>
    public static VlmModelDescription Parse(string json)
    {
        try
        {
            VlmModelDescription description = JsonSerializer.Deserialize(json, VlmModelJson.Default.VlmModelDescription)
                ?? throw new InvalidDataException($"The model's '{FileName}' is empty.");
            description.Settings.Validate();
            description.Base.Validate();
            return description;
        }
        catch (Exception exception) when (exception is JsonException or ArgumentException)
        {
            throw new InvalidDataException($"The model's '{FileName}' is damaged: {exception.Message}", exception);
        }
    }
}

/// <summary>How the description is written: generated, because trimmed programs have no reflection-based serialization.</summary>
[JsonSerializable(typeof(VlmModelDescription))]
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, WriteIndented = true, UseStringEnumConverter = true, RespectNullableAnnotations = true,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
internal sealed partial class VlmModelJson : JsonSerializerContext;
