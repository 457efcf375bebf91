using System.Text;
using System.Text.Json;

namespace Microsoft.ML.Vlm.Adapters;

/// <summary>PEFT's <c>adapter_config.json</c> of a low-rank adapter.</summary>
internal static class PeftConfig
{
    // What these say does not change how a stored adapter is applied.
    private static readonly HashSet<string> s_informative =
    [
        "auto_mapping", "base_model_name_or_path", "inference_mode", "megatron_core", "peft_version", "qalora_group_size", "revision", "runtime_config", "task_type",
    ];

    // What these say is read; the others have to be empty.
    private static readonly HashSet<string> s_read =
    [
        "peft_type", "r", "lora_alpha", "lora_dropout", "target_modules", "exclude_modules", "layers_to_transform", "layers_pattern", "rank_pattern", "alpha_pattern", "bias",
        "use_rslora", "use_dora", "init_lora_weights", "modules_to_save",
    ];

    private static readonly Dictionary<string, LoraBias> s_biases = new() { ["none"] = LoraBias.None, ["all"] = LoraBias.All, ["lora_only"] = LoraBias.AdaptedOnly };

    // EVA chooses the first values by data and then is a plain adapter.
    private static readonly Dictionary<string, LoraInitialization> s_initializations = new()
    {
        ["gaussian"] = LoraInitialization.Gaussian,
        ["orthogonal"] = LoraInitialization.Orthogonal,
        ["pissa"] = LoraInitialization.Pissa,
        ["olora"] = LoraInitialization.Olora,
        ["eva"] = LoraInitialization.Kaiming,
    };

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

    /// <summary>Writes a configuration with the fields that every version of PEFT knows, and those that differ from PEFT's defaults.</summary>
    /// <param name="options">What to write.</param>
    /// <param name="targetPaths">Module paths of the adapted layers; written when the rule in <paramref name="options"/> is a role, which PEFT does not know.</param>
    /// <param name="baseModelName">The base model, or null.</param>
    public static string Format(LoraOptions options, IEnumerable<string> targetPaths, string? baseModelName)
    {
        using MemoryStream stream = new();
        using (Utf8JsonWriter writer = new(stream, new JsonWriterOptions { Indented = true }))
        {
            writer.WriteStartObject();
            WritePattern(writer, "alpha_pattern", options.AlphaPattern, writer.WriteNumberValue);
            writer.WriteString("base_model_name_or_path", baseModelName);
            writer.WriteString("bias", s_biases.Single(pair => pair.Value == options.Bias).Key);
            if (options.ExcludeModules.Count > 0)
            {
                writer.WritePropertyName("exclude_modules");
                WriteTargets(writer, options.ExcludeModules, targetPaths);
            }
            writer.WriteBoolean("fan_in_fan_out", false);
            writer.WriteBoolean("inference_mode", true);
            writer.WritePropertyName("init_lora_weights");
            WriteInitialization(writer, options.Initialization);
            if (options.LayersToTransform.Count > 0)
            {
                WriteList(writer, "layers_pattern", options.LayersPattern, writer.WriteStringValue);
                WriteList(writer, "layers_to_transform", options.LayersToTransform, writer.WriteNumberValue);
            }
            writer.WriteNumber("lora_alpha", options.Alpha);
            writer.WriteNumber("lora_dropout", options.Dropout);
            WriteList(writer, "modules_to_save", options.ModulesToSave, writer.WriteStringValue);
            writer.WriteString("peft_type", "LORA");
            writer.WriteNumber("r", options.Rank);
            WritePattern(writer, "rank_pattern", options.RankPattern, writer.WriteNumberValue);
            writer.WritePropertyName("target_modules");
            WriteTargets(writer, options.TargetModules, targetPaths);
            writer.WriteString("task_type", "CAUSAL_LM");
            WriteFlag(writer, "use_dora", options.UseDora);
            WriteFlag(writer, "use_rslora", options.UseRsLora);
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
            case [var only] when AdapterTargets.IsRole(only):
                WriteArray(writer, paths, writer.WriteStringValue);
                return;
            default:
                WriteArray(writer, rule, writer.WriteStringValue);
                return;
        }
    }

    private static void WriteInitialization(Utf8JsonWriter writer, LoraInitialization initialization)
    {
        if (initialization == LoraInitialization.Kaiming)
        {
            writer.WriteBooleanValue(true);
            return;
        }
        writer.WriteStringValue(s_initializations.Single(pair => pair.Value == initialization).Key);
    }

    private static void WriteFlag(Utf8JsonWriter writer, string key, bool value)
    {
        if (value)
        {
            writer.WriteBoolean(key, true);
        }
    }

    private static void WriteList<T>(Utf8JsonWriter writer, string key, IReadOnlyCollection<T> values, Action<T> write)
    {
        if (values.Count == 0)
        {
            writer.WriteNull(key);
            return;
        }
        writer.WritePropertyName(key);
        WriteArray(writer, values, write);
    }

    private static void WriteArray<T>(Utf8JsonWriter writer, IEnumerable<T> values, Action<T> write)
    {
        writer.WriteStartArray();
        foreach (T value in values)
        {
            write(value);
        }
        writer.WriteEndArray();
    }

    private static void WritePattern<T>(Utf8JsonWriter writer, string key, IReadOnlyDictionary<string, T> pattern, Action<T> write)
    {
        if (pattern.Count == 0)
        {
            return;
        }
        writer.WriteStartObject(key);
        foreach ((string name, T value) in pattern)
        {
            writer.WritePropertyName(name);
            write(value);
        }
        writer.WriteEndObject();
    }

    private static LoraOptions Read(JsonElement root, string name)
    {
        string type = Require(root, "peft_type", name).GetString() ?? "null";
        if (type != "LORA")
        {
            throw new InvalidDataException($"{name}: 'peft_type' is '{type}'; only LORA is supported.");
        }
        foreach (JsonProperty property in root.EnumerateObject().Where(property => !s_read.Contains(property.Name) && !s_informative.Contains(property.Name) && !IsEmpty(property.Value)))
        {
            throw Unsupported(name, property.Name, property.Value);
        }

        JsonElement targets = Require(root, "target_modules", name);
        LoraOptions options = new()
        {
            Rank = Require(root, "r", name).GetInt32(),
            Alpha = Require(root, "lora_alpha", name).GetDouble(),
            Dropout = Find(root, "lora_dropout")?.GetDouble() ?? 0,
            TargetModules = ReadTargets(targets, "target_modules", name),
            ExcludeModules = Find(root, "exclude_modules") is { } excluded ? ReadTargets(excluded, "exclude_modules", name) : [],
            LayersToTransform = [.. Entries(root, "layers_to_transform").Select(entry => entry.GetInt32())],
            LayersPattern = [.. Entries(root, "layers_pattern").Select(entry => entry.GetString()!)],
            RankPattern = Find(root, "rank_pattern")?.EnumerateObject().ToDictionary(entry => entry.Name, entry => entry.Value.GetInt32()) ?? [],
            AlphaPattern = Find(root, "alpha_pattern")?.EnumerateObject().ToDictionary(entry => entry.Name, entry => entry.Value.GetDouble()) ?? [],
            Bias = Find(root, "bias") is not { } bias ? LoraBias.None : s_biases.TryGetValue(bias.GetString()!, out LoraBias known) ? known : throw Unsupported(name, "bias", bias),
            UseRsLora = Find(root, "use_rslora")?.GetBoolean() ?? false,
            UseDora = Find(root, "use_dora")?.GetBoolean() ?? false,
            Initialization = ReadInitialization(root, name),
            ModulesToSave = [.. Entries(root, "modules_to_save").Select(entry => entry.GetString()!)],
        };
        options.Validate();
        return options;
    }

    private static LoraInitialization ReadInitialization(JsonElement root, string name)
    {
        if (Find(root, "init_lora_weights") is not { ValueKind: not (JsonValueKind.True or JsonValueKind.False) } value)
        {
            return LoraInitialization.Kaiming;
        }
        return s_initializations.TryGetValue(value.GetString()!, out LoraInitialization initialization) ? initialization : throw Unsupported(name, "init_lora_weights", value);
    }

    private static InvalidDataException Unsupported(string name, string key, JsonElement value)
        => new($"{name}: '{key}' is {Shorten(value.GetRawText())}, a feature that is not supported. Save the adapter without it, or merge it where it was trained.");

    private static bool IsEmpty(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.Null or JsonValueKind.False => true,
        JsonValueKind.Object => !value.EnumerateObject().Any(),
        JsonValueKind.Array => value.GetArrayLength() == 0,
        _ => false,
    };

    // A list, or one value that stands for a list of it.
    private static JsonElement[] Entries(JsonElement root, string key)
        => Find(root, key) is not { } value ? [] : value.ValueKind == JsonValueKind.Array ? [.. value.EnumerateArray()] : [value];

    private static IReadOnlyList<string> ReadTargets(JsonElement value, string key, string name) => value.ValueKind switch
    {
        JsonValueKind.Array => [.. value.EnumerateArray().Select(entry => PlainName(entry.GetString(), key, name))],
        JsonValueKind.String when value.GetString()!.Equals(AdapterTargets.AllLinear, StringComparison.OrdinalIgnoreCase) && key == "target_modules" => [AdapterTargets.AllLinear],
        JsonValueKind.String => [AdapterTargets.RegexPrefix + value.GetString()],
        _ => throw new InvalidDataException($"{name}: '{key}' must be a list of names, a regular expression or 'all-linear', not {Shorten(value.GetRawText())}."),
    };

    // In PEFT's list every entry is a name; words that are rules here must not become rules by being read.
    private static string PlainName(string? entry, string key, string name)
        => entry is null || AdapterTargets.StandsAlone(entry)
            ? throw new InvalidDataException($"{name}: '{key}' lists {(entry is null ? "null" : $"'{entry}'")}, which is no name of a linear layer.")
            : entry;

    private static JsonElement? Find(JsonElement root, string key)
        => root.TryGetProperty(key, out JsonElement value) && value.ValueKind != JsonValueKind.Null ? value : null;

    private static JsonElement Require(JsonElement root, string key, string name)
        => root.TryGetProperty(key, out JsonElement value) ? value : throw new InvalidDataException($"{name}: the key '{key}' is missing.");

    private static string Shorten(string text) => text.Length <= 80 ? text : text[..80] + "...";
}
