using System.Text;
using System.Text.Json;

namespace Microsoft.ML.Vlm.Adapters;

/// <summary>PEFT's <c>adapter_config.json</c>, as far as a plain LoRA needs it.</summary>
internal static class PeftConfig
{
    // What these say does not change how a stored adapter is applied.
    private static readonly HashSet<string> s_informative =
    [
        "auto_mapping", "base_model_name_or_path", "inference_mode", "megatron_core", "peft_version", "qalora_group_size", "revision", "runtime_config", "task_type",
    ];

    // Initializations that leave the base weights as they are.
    private static readonly string[] s_plainInitializations = ["gaussian", "orthogonal", "eva"];

    /// <summary>Reads a configuration.</summary>
    /// <param name="json">Content of the file.</param>
    /// <param name="name">Where it comes from; shown in errors.</param>
    /// <exception cref="InvalidDataException">Not JSON, no LoRA, a value out of its range, or a feature that is not supported: names the key.</exception>
    public static LoraOptions Parse(string json, string name)
    {
        try
        {
            using JsonDocument document = JsonDocument.Parse(json);
            return Read(document.RootElement, name);
        }
        catch (Exception exception) when (exception is JsonException or InvalidOperationException or FormatException)
        {
            throw new InvalidDataException($"{name} is not a PEFT configuration: {exception.Message}", exception);
        }
        catch (ArgumentException exception)
        {
            throw new InvalidDataException($"{name} has a value out of its range: {exception.Message}", exception);
        }
    }

    /// <summary>Writes a configuration with the fields that every version of PEFT knows.</summary>
    /// <param name="options">Rank, alpha and dropout.</param>
    /// <param name="targetPaths">Module paths of the adapted layers; written when the rule in <paramref name="options"/> is a role, which PEFT does not know.</param>
    /// <param name="baseModelName">The base model, or null.</param>
    public static string Format(LoraOptions options, IEnumerable<string> targetPaths, string? baseModelName)
    {
        using MemoryStream stream = new();
        using (Utf8JsonWriter writer = new(stream, new JsonWriterOptions { Indented = true }))
        {
            writer.WriteStartObject();
            writer.WriteString("base_model_name_or_path", baseModelName);
            writer.WriteString("bias", "none");
            writer.WriteBoolean("fan_in_fan_out", false);
            writer.WriteBoolean("inference_mode", true);
            writer.WriteBoolean("init_lora_weights", true);
            writer.WriteNumber("lora_alpha", options.Alpha);
            writer.WriteNumber("lora_dropout", options.Dropout);
            writer.WriteNull("modules_to_save");
            writer.WriteString("peft_type", "LORA");
            writer.WriteNumber("r", options.Rank);
            writer.WritePropertyName("target_modules");
            WriteTargets(writer, options.TargetModules, targetPaths);
            writer.WriteString("task_type", "CAUSAL_LM");
            writer.WriteEndObject();
        }
        return Encoding.UTF8.GetString(stream.ToArray());
    }

    private static void WriteTargets(Utf8JsonWriter writer, IReadOnlyList<string> rule, IEnumerable<string> paths)
    {
        switch (rule)
        {
            case [var only] when only.StartsWith(AdapterTargets.RegexPrefix, StringComparison.Ordinal):
                writer.WriteStringValue(only[AdapterTargets.RegexPrefix.Length..]);
                return;
            case [var only] when only.Equals(AdapterTargets.AllLinear, StringComparison.OrdinalIgnoreCase):
                writer.WriteStringValue(AdapterTargets.AllLinear);
                return;
            case ["language" or "vision" or "connector"]:
                WriteList(writer, paths);
                return;
            default:
                WriteList(writer, rule);
                return;
        }
    }

    private static void WriteList(Utf8JsonWriter writer, IEnumerable<string> values)
    {
        writer.WriteStartArray();
        foreach (string value in values)
        {
            writer.WriteStringValue(value);
        }
        writer.WriteEndArray();
    }

    private static LoraOptions Read(JsonElement root, string name)
    {
        string type = root.GetProperty("peft_type", name).GetString() ?? "null";
        if (type != "LORA")
        {
            throw new InvalidDataException($"{name}: 'peft_type' is '{type}'; only LORA is supported.");
        }

        LoraOptions options = new()
        {
            Rank = root.GetProperty("r", name).GetInt32(),
            Alpha = root.GetProperty("lora_alpha", name).GetDouble(),
            Dropout = root.TryGetProperty("lora_dropout", out JsonElement dropout) ? dropout.GetDouble() : 0,
            TargetModules = ReadTargets(root.GetProperty("target_modules", name), name),
        };
        foreach (JsonProperty property in root.EnumerateObject())
        {
            if (!IsUnderstood(property))
            {
                throw new InvalidDataException(
                    $"{name}: '{property.Name}' is {Shorten(property.Value.GetRawText())}, a feature that is not supported; only plain LoRA on linear layers is.");
            }
        }
        options.Validate();
        return options;
    }

    private static bool IsUnderstood(JsonProperty property) => property.Name switch
    {
        "peft_type" or "r" or "lora_alpha" or "lora_dropout" or "target_modules" => true,
        "bias" => property.Value.GetString() == "none",
        "init_lora_weights" => property.Value.ValueKind is JsonValueKind.True or JsonValueKind.False or JsonValueKind.Null
            || s_plainInitializations.Contains(property.Value.GetString()),
        _ => s_informative.Contains(property.Name) || IsEmpty(property.Value),
    };

    private static bool IsEmpty(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.Null or JsonValueKind.False => true,
        JsonValueKind.Object => !value.EnumerateObject().Any(),
        JsonValueKind.Array => value.GetArrayLength() == 0,
        _ => false,
    };

    private static IReadOnlyList<string> ReadTargets(JsonElement value, string name) => value.ValueKind switch
    {
        JsonValueKind.Array => [.. value.EnumerateArray().Select(entry => PlainName(entry.GetString(), name))],
        JsonValueKind.String when value.GetString()!.Equals(AdapterTargets.AllLinear, StringComparison.OrdinalIgnoreCase) => [AdapterTargets.AllLinear],
        JsonValueKind.String => [AdapterTargets.RegexPrefix + value.GetString()],
        _ => throw new InvalidDataException($"{name}: 'target_modules' must be a list of names, a regular expression or 'all-linear', not {Shorten(value.GetRawText())}."),
    };

    // In PEFT's list every entry is a name; words that are rules here must not become rules by being read.
    private static string PlainName(string? entry, string name)
        => entry is null or "language" or "vision" or "connector" or AdapterTargets.AllLinear || entry.StartsWith(AdapterTargets.RegexPrefix, StringComparison.Ordinal)
            ? throw new InvalidDataException($"{name}: 'target_modules' lists {(entry is null ? "null" : $"'{entry}'")}, which is no name of a linear layer.")
            : entry;

    private static JsonElement GetProperty(this JsonElement root, string key, string name)
        => root.TryGetProperty(key, out JsonElement value) ? value : throw new InvalidDataException($"{name}: the key '{key}' is missing.");

    private static string Shorten(string text) => text.Length <= 80 ? text : text[..80] + "...";
}
