using System.Text.Json;
using System.Text.Json.Nodes;

namespace Microsoft.ML.Vlm.Chat.Tests;

/// <summary>Random schemas of the keywords that answers are held to, and a check of values by them that knows nothing of grammars.</summary>
internal static class RandomSchemas
{
    public static JsonObject Next(Random random, int depth) => random.Next(depth > 0 ? 9 : 6) switch
    {
        0 => new JsonObject { ["type"] = "boolean" },
        1 => new JsonObject { ["type"] = "integer", ["minimum"] = -random.Next(1000), ["maximum"] = random.Next(1000) },
        2 => new JsonObject { ["type"] = "number" },
        3 => new JsonObject { ["type"] = "string", ["minLength"] = random.Next(3), ["maxLength"] = random.Next(3, 9) },
        4 => new JsonObject { ["enum"] = new JsonArray("a", "ab", 1, null) },
        5 => new JsonObject { ["type"] = new JsonArray("string", "null") },
        6 => new JsonObject { ["type"] = "array", ["items"] = Next(random, depth - 1), ["minItems"] = random.Next(2), ["maxItems"] = random.Next(2, 4) },
        7 => new JsonObject { ["anyOf"] = new JsonArray(Next(random, depth - 1), Next(random, depth - 1)) },
        _ => NextObject(random, depth),
    };

    /// <summary>Fails unless a value fits a schema.</summary>
    public static void Check(JsonElement schema, JsonElement value) => Assert.True(Fits(schema, value), $"{value} does not fit {schema}");

    private static JsonObject NextObject(Random random, int depth)
    {
        JsonObject properties = [];
        JsonArray required = [];
        for (int index = random.Next(4); index >= 0; index--)
        {
            string name = "p\"" + index;
            properties[name] = Next(random, depth - 1);
            if (random.Next(2) == 0)
            {
                required.Add(name);
            }
        }
        return new JsonObject { ["type"] = "object", ["properties"] = properties, ["required"] = required, ["additionalProperties"] = false };
    }

    private static bool Fits(JsonElement schema, JsonElement value)
    {
        if (schema.TryGetProperty("enum", out JsonElement values))
        {
            return values.EnumerateArray().Any(item => JsonElement.DeepEquals(item, value));
        }
        if (schema.TryGetProperty("anyOf", out JsonElement parts))
        {
            return parts.EnumerateArray().Any(part => Fits(part, value));
        }
        JsonElement type = schema.GetProperty("type");
        string[] names = type.ValueKind == JsonValueKind.Array ? [.. type.EnumerateArray().Select(name => name.GetString()!)] : [type.GetString()!];
        return names.Any(name => FitsType(schema, name, value));
    }

    private static bool FitsType(JsonElement schema, string type, JsonElement value) => type switch
    {
        "null" => value.ValueKind == JsonValueKind.Null,
        "boolean" => value.ValueKind is JsonValueKind.True or JsonValueKind.False,
        "integer" => value.ValueKind == JsonValueKind.Number && value.TryGetInt32(out int number) && number >= schema.GetProperty("minimum").GetInt32() && number <= schema.GetProperty("maximum").GetInt32(),
        "number" => value.ValueKind == JsonValueKind.Number && value.TryGetDecimal(out _),
        "string" => value.ValueKind == JsonValueKind.String && value.GetString()!.Length >= Bound(schema, "minLength", 0) && value.GetString()!.Length <= Bound(schema, "maxLength", int.MaxValue),
        "array" => value.ValueKind == JsonValueKind.Array && value.GetArrayLength() >= Bound(schema, "minItems", 0) && value.GetArrayLength() <= Bound(schema, "maxItems", int.MaxValue)
            && value.EnumerateArray().All(item => Fits(schema.GetProperty("items"), item)),
        _ => value.ValueKind == JsonValueKind.Object
            && value.EnumerateObject().All(property => schema.GetProperty("properties").TryGetProperty(property.Name, out JsonElement child) && Fits(child, property.Value))
            && schema.GetProperty("required").EnumerateArray().All(name => value.TryGetProperty(name.GetString()!, out _)),
    };

    private static int Bound(JsonElement schema, string keyword, int otherwise) => schema.TryGetProperty(keyword, out JsonElement value) ? value.GetInt32() : otherwise;
}
