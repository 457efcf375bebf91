using System.Text.Json;

namespace Microsoft.ML.Vlm.Generation.Grammars;

/// <summary>From a JSON schema to the grammar of the texts that it allows. What cannot be held to is an error, never left out.</summary>
/// <remarks>
/// Objects have their properties in the order of the schema and no others; those that are not required may be absent. Integers are those of 32 bits unless bounds say otherwise, so that
/// <see cref="int"/> holds them. Formats date, time, date-time and uuid are held to, others are notes, as JSON schema (2020-12) has it. References may lead back; arrays and objects stand
/// at most <see cref="MostLevels"/> deep.
/// </remarks>
internal sealed class JsonSchemaReader
{
    /// <summary>Most arrays and objects within each other; System.Text.Json reads 64.</summary>
    public const int MostLevels = 24;

    private const int AnyLevels = 8;
    private const int MostReferences = 32;

    private static readonly HashSet<string> s_notes =
    [
        "$schema", "$id", "$anchor", "$comment", "$defs", "definitions", "title", "description", "default", "examples", "deprecated", "readOnly", "writeOnly", "strict",
    ];

    private readonly JsonElement _root;
    private readonly Dictionary<(string Pointer, int Level), GrammarNode?> _known = [];

    private JsonSchemaReader(JsonElement root) => _root = root;

    /// <summary>Reads a schema.</summary>
    /// <param name="schema">Its JSON.</param>
    /// <exception cref="ArgumentException">It is no JSON or no schema, or no text can fit it; says where.</exception>
    /// <exception cref="NotSupportedException">It has a keyword that answers cannot be held to; names it and its place.</exception>
    public static GrammarNode Read(string schema)
    {
        try
        {
            using JsonDocument document = JsonDocument.Parse(schema);
            GrammarNode? value = new JsonSchemaReader(document.RootElement).ReadValue(document.RootElement, "#", 0, 0);
            return value is not null
                ? GrammarNode.Sequence(JsonGrammar.Space, value)
                : throw new ArgumentException($"No answer fits the JSON schema: what it requires has no end within {MostLevels} levels.");
        }
        catch (JsonException exception)
        {
            throw new ArgumentException($"The schema is no JSON: {exception.Message}", exception);
        }
    }

    // Null where a value would go on for ever.
    private GrammarNode? ReadValue(JsonElement schema, string at, int level, int references)
    {
        if (_known.TryGetValue((at, level), out GrammarNode? known))
        {
            return known;
        }
        GrammarNode? value = schema.ValueKind switch
        {
            JsonValueKind.True => JsonGrammar.Any(Math.Min(AnyLevels, MostLevels - level)),
            JsonValueKind.Object => ReadSchema(new SchemaObject(schema, at), level, references),
            _ => throw new ArgumentException($"The JSON schema has a {schema.ValueKind} at {at}, where a schema has to stand."),
        };
        return _known[(at, level)] = value;
    }

    private GrammarNode? ReadSchema(SchemaObject schema, int level, int references)
    {
        if (schema.Take("$ref") is { } reference)
        {
            schema.CheckRest(s_notes);
            return Follow(reference.GetString() ?? "", schema.At, level, references + 1);
        }
        if (schema.Take("const") is { } constant)
        {
            schema.Take("type");
            schema.CheckRest(s_notes);
            return JsonGrammar.Literal(constant);
        }
        if (schema.Take("enum") is { } values)
        {
            schema.Take("type");
            schema.CheckRest(s_notes);
            return values.ValueKind == JsonValueKind.Array && values.GetArrayLength() > 0
                ? GrammarNode.Choice([.. values.EnumerateArray().Select(JsonGrammar.Literal)])
                : throw schema.Invalid("enum", "has to be a list of values");
        }
        foreach (string keyword in (string[])["anyOf", "oneOf", "allOf"])
        {
            if (schema.Take(keyword) is { } parts)
            {
                schema.CheckRest(s_notes);
                return ReadParts(schema, keyword, parts, level, references);
            }
        }
        string[] types = schema.Types();
        GrammarNode[] choices = [.. types.Select(type => ReadType(schema, type, level)).OfType<GrammarNode>()];
        // What is too deep was not read; it was, or its like, further up.
        if (level < MostLevels || !types.Any(type => type is "array" or "object"))
        {
            schema.CheckRest(s_notes);
        }
        return choices.Length == 0 ? null : GrammarNode.Choice(choices);
    }

    private GrammarNode? ReadParts(SchemaObject schema, string keyword, JsonElement parts, int level, int references)
    {
        if (parts.ValueKind != JsonValueKind.Array || parts.GetArrayLength() == 0)
        {
            throw schema.Invalid(keyword, "has to be a list of schemas");
        }
        if (keyword == "allOf" && parts.GetArrayLength() > 1)
        {
            throw schema.Unsupported(keyword);
        }
        GrammarNode[] choices = [.. parts.EnumerateArray().Select((part, index) => ReadValue(part, $"{schema.At}/{keyword}/{index}", level, references)).OfType<GrammarNode>()];
        return choices.Length == 0 ? null : GrammarNode.Choice(choices);
    }

    private GrammarNode? ReadType(SchemaObject schema, string type, int level) => type switch
    {
        "null" => JsonGrammar.Null,
        "boolean" => JsonGrammar.Boolean,
        "string" => ReadString(schema),
        "integer" => ReadInteger(schema),
        "number" => ReadNumber(schema),
        "array" => level < MostLevels ? ReadArray(schema, level + 1) : null,
        "object" => level < MostLevels ? ReadObject(schema, level + 1) : null,
        "any" => JsonGrammar.Any(Math.Min(AnyLevels, MostLevels - level)),
        _ => throw schema.Invalid("type", $"'{type}' is no type of JSON schema"),
    };

    private static GrammarNode ReadString(SchemaObject schema)
    {
        GrammarNode? format = schema.Take("format") is { ValueKind: JsonValueKind.String } name ? StringFormats.Find(name.GetString()!) : null;
        (int least, int most) = schema.Counts("minLength", "maxLength");
        return format ?? JsonGrammar.String(least, most);
    }

    private static GrammarNode ReadInteger(SchemaObject schema)
    {
        (decimal? least, decimal? most) = schema.Bounds();
        decimal above = schema.Take("exclusiveMinimum") is { } open ? Math.Floor(schema.Number("exclusiveMinimum", open)) + 1 : decimal.MinValue;
        decimal below = schema.Take("exclusiveMaximum") is { } closed ? Math.Ceiling(schema.Number("exclusiveMaximum", closed)) - 1 : decimal.MaxValue;
        // One bound alone leaves the other where 32 bits end, unless it lies beyond that.
        decimal first = Math.Max(least is { } low ? Math.Ceiling(low) : above > decimal.MinValue ? above : Math.Min(int.MinValue, most ?? 0), above);
        decimal last = Math.Min(most is { } high ? Math.Floor(high) : below < decimal.MaxValue ? below : first > int.MaxValue ? IntegerRange.Largest : int.MaxValue, below);
        return IntegerRange.Whole(Clamp(first), Clamp(last)) ?? throw schema.Invalid("minimum", "leaves no whole number up to the maximum");
    }

    private static GrammarNode ReadNumber(SchemaObject schema)
    {
        (decimal? least, decimal? most) = schema.Bounds();
        if (least is null && most is null)
        {
            return JsonGrammar.AnyNumber;
        }
        long first = Clamp(Math.Ceiling(least ?? -IntegerRange.Largest)), last = Clamp(Math.Floor(most ?? IntegerRange.Largest));
        return first <= last && IntegerRange.Decimal(first, last) is { } range
            ? range : throw schema.Invalid("minimum", "and the maximum have no whole number between them, which numbers here need");
    }

    private GrammarNode? ReadArray(SchemaObject schema, int level)
    {
        (int least, int most) = schema.Counts("minItems", "maxItems");
        GrammarNode? item = schema.Take("items") is { } items ? ReadValue(items, schema.At + "/items", level, 0) : JsonGrammar.Any(Math.Min(AnyLevels, MostLevels - level));
        return item is not null ? JsonGrammar.Array(item, least, most) : least == 0 ? GrammarNode.Verbatim("[]") : null;
    }

    private GrammarNode? ReadObject(SchemaObject schema, int level)
    {
        JsonElement? others = schema.Take("additionalProperties");
        HashSet<string> required = schema.Required();
        if (schema.Take("properties") is not { } properties)
        {
            if (required.Count > 0)
            {
                throw schema.Invalid("required", "names properties, but there are no 'properties'");
            }
            GrammarNode? value = others is null ? JsonGrammar.Any(Math.Min(AnyLevels, MostLevels - level))
                : others is { ValueKind: JsonValueKind.False } ? null : ReadValue(others.Value, schema.At + "/additionalProperties", level, 0);
            return value is null ? GrammarNode.Verbatim("{}") : JsonGrammar.Map(value);
        }
        if (properties.ValueKind != JsonValueKind.Object)
        {
            throw schema.Invalid("properties", "has to be an object");
        }
        JsonProperty[] list = [.. properties.EnumerateObject()];
        if (required.FirstOrDefault(name => list.All(property => property.Name != name)) is { } missing)
        {
            throw schema.Invalid("required", $"names '{missing}', which is not among the properties");
        }
        // From the last property to the first: what may follow when there is nothing before it, and when there is.
        GrammarNode alone = GrammarNode.Verbatim("}"), behind = alone;
        foreach (JsonProperty property in list.Reverse())
        {
            GrammarNode? value = ReadValue(property.Value, $"{schema.At}/properties/{SchemaObject.Escape(property.Name)}", level, 0);
            bool isRequired = required.Contains(property.Name);
            if (value is null)
            {
                if (isRequired)
                {
                    return null;
                }
                continue;
            }
            GrammarNode present = GrammarNode.Sequence(JsonGrammar.Key(property.Name), value, behind);
            GrammarNode presentBehind = GrammarNode.Sequence(JsonGrammar.Comma, present);
            (alone, behind) = isRequired ? (present, presentBehind) : (GrammarNode.Choice(present, alone), GrammarNode.Choice(presentBehind, behind));
        }
        return GrammarNode.Sequence(GrammarNode.Verbatim("{"), alone);
    }

    private GrammarNode? Follow(string reference, string at, int level, int references)
    {
        if (references > MostReferences)
        {
            throw new ArgumentException($"The JSON schema refers at {at} to '{reference}' in a circle.");
        }
        if (reference != "#" && !reference.StartsWith("#/", StringComparison.Ordinal))
        {
            throw new NotSupportedException($"The JSON schema refers at {at} to '{reference}'; only references within the schema, such as '#/$defs/name', are followed.");
        }
        JsonElement target = _root;
        foreach (string part in reference.Split('/').Skip(1))
        {
            string name = Uri.UnescapeDataString(part).Replace("~1", "/", StringComparison.Ordinal).Replace("~0", "~", StringComparison.Ordinal);
            target = target.ValueKind == JsonValueKind.Object && target.TryGetProperty(name, out JsonElement child) ? child
                : target.ValueKind == JsonValueKind.Array && int.TryParse(name, out int index) && index >= 0 && index < target.GetArrayLength() ? target[index]
                : throw new ArgumentException($"The JSON schema refers at {at} to '{reference}', which it does not have.");
        }
        return ReadValue(target, reference, level, references);
    }

    private static long Clamp(decimal value) => (long)Math.Clamp(value, -IntegerRange.Largest, IntegerRange.Largest);
}
