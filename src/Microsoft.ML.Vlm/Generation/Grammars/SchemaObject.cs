using System.Text.Json;

namespace Microsoft.ML.Vlm.Generation.Grammars;

/// <summary>An object of a JSON schema whose keywords are taken one by one, so that none is left out unseen.</summary>
/// <param name="schema">The object.</param>
/// <param name="at">Its place, as a JSON pointer; shown in errors.</param>
internal sealed class SchemaObject(JsonElement schema, string at)
{
    // Which keywords speak of which type; without 'type' they say what is meant.
    private static readonly Dictionary<string, string> s_typeOfKeyword = new()
    {
        ["properties"] = "object",
        ["required"] = "object",
        ["additionalProperties"] = "object",
        ["items"] = "array",
        ["minItems"] = "array",
        ["maxItems"] = "array",
    };

    private readonly HashSet<string> _taken = [];

    /// <summary>Its place, as a JSON pointer.</summary>
    public string At => at;

    /// <summary>A name as part of a JSON pointer.</summary>
    public static string Escape(string name) => name.Replace("~", "~0", StringComparison.Ordinal).Replace("/", "~1", StringComparison.Ordinal);

    /// <summary>A keyword's value, or null.</summary>
    public JsonElement? Take(string keyword)
    {
        _taken.Add(keyword);
        return schema.TryGetProperty(keyword, out JsonElement value) ? value : null;
    }

    /// <summary>The types of <c>type</c>, or those that other keywords imply; <c>any</c> when nothing says it.</summary>
    public string[] Types()
    {
        JsonElement? type = Take("type");
        string[] types = type switch
        {
            null => schema.EnumerateObject().Select(property => s_typeOfKeyword.GetValueOrDefault(property.Name)).FirstOrDefault(implied => implied is not null) is { } implied ? [implied] : ["any"],
            { ValueKind: JsonValueKind.String } single => [single.GetString()!],
            { ValueKind: JsonValueKind.Array } several when several.GetArrayLength() > 0 && several.EnumerateArray().All(item => item.ValueKind == JsonValueKind.String)
                => [.. several.EnumerateArray().Select(item => item.GetString()!)],
            _ => throw Invalid("type", "has to be a name or a list of names"),
        };
        // Every integer is a number: both would allow the same text in two ways.
        types = types.Contains("number") ? [.. types.Where(name => name != "integer")] : types;
        return Take("nullable") is { ValueKind: JsonValueKind.True } && !types.Contains("null") ? [.. types, "null"] : types;
    }

    /// <summary>The names of <c>required</c>.</summary>
    public HashSet<string> Required() => Take("required") switch
    {
        null => [],
        { ValueKind: JsonValueKind.Array } names when names.EnumerateArray().All(name => name.ValueKind == JsonValueKind.String) => [.. names.EnumerateArray().Select(name => name.GetString()!)],
        _ => throw Invalid("required", "has to be a list of names"),
    };

    /// <summary>Least and most of something that is counted.</summary>
    public (int Least, int Most) Counts(string leastKeyword, string mostKeyword)
    {
        (int least, int most) = (Count(leastKeyword) ?? 0, Count(mostKeyword) ?? int.MaxValue);
        return least <= most ? (least, most) : throw Invalid(leastKeyword, $"is larger than {mostKeyword}");
    }

    /// <summary>The values of <c>minimum</c> and <c>maximum</c>.</summary>
    public (decimal? Least, decimal? Most) Bounds()
        => (Take("minimum") is { } least ? Number("minimum", least) : null, Take("maximum") is { } most ? Number("maximum", most) : null);

    /// <summary>A keyword's number; beyond what a decimal holds, the largest one.</summary>
    public decimal Number(string keyword, JsonElement value)
        => value.ValueKind != JsonValueKind.Number ? throw Invalid(keyword, "has to be a number")
            : value.TryGetDecimal(out decimal exact) ? exact : value.GetDouble() > 0 ? IntegerRange.Largest : -IntegerRange.Largest;

    /// <summary>Throws for a keyword that was not taken and is no note.</summary>
    /// <exception cref="NotSupportedException">Names it.</exception>
    public void CheckRest(IReadOnlySet<string> notes)
    {
        foreach (JsonProperty property in schema.EnumerateObject())
        {
            if (!_taken.Contains(property.Name) && !notes.Contains(property.Name) && !property.Name.StartsWith("x-", StringComparison.Ordinal))
            {
                throw Unsupported(property.Name);
            }
        }
    }

    /// <summary>An error of a keyword that answers cannot be held to.</summary>
    public NotSupportedException Unsupported(string keyword) => new(
        $"The JSON schema has '{keyword}' at {at}, to which answers cannot be held here. Held to are type, properties, required, items, enum, const, anyOf, $ref, and bounds of lengths, "
        + "counts and numbers; leave it out and check the answer for it.");

    /// <summary>An error of a keyword's value.</summary>
    public ArgumentException Invalid(string keyword, string what) => new($"The JSON schema's '{keyword}' at {at} {what}.");

    private int? Count(string keyword) => Take(keyword) switch
    {
        null => null,
        { ValueKind: JsonValueKind.Number } value when value.TryGetInt32(out int count) && count >= 0 => count,
        _ => throw Invalid(keyword, "has to be a whole number that is not negative"),
    };
}
