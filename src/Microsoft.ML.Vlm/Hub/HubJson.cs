using System.Text.Json;

namespace Microsoft.ML.Vlm.Hub;

/// <summary>An object of an answer, read with errors that name what is wrong.</summary>
/// <param name="Element">The object.</param>
/// <param name="Subject">What was asked.</param>
internal readonly record struct HubJson(JsonElement Element, string Subject)
{
    /// <summary>A whole answer.</summary>
    /// <exception cref="HubException">It is no object.</exception>
    public static HubJson Of(JsonElement element, string subject)
        => element.ValueKind == JsonValueKind.Object ? new HubJson(element, subject) : throw HubErrors.Damaged(subject, "the answer is no JSON object.");

    /// <summary>A text, or null.</summary>
    public string? Text(string key)
        => Value(key) switch
        {
            null => null,
            { ValueKind: JsonValueKind.String } value => Read(value, key),
            _ => throw Wrong(key, "a text"),
        };

    /// <summary>A text that has to be there.</summary>
    public string RequiredText(string key) => Text(key) is { Length: > 0 } text ? text : throw Wrong(key, "a text");

    /// <summary>A number from 0, or null.</summary>
    public long? Count(string key)
        => Value(key) switch
        {
            null => null,
            { ValueKind: JsonValueKind.Number } value when value.TryGetInt64(out long number) && number >= 0 => number,
            _ => throw Wrong(key, "a whole number from 0"),
        };

    /// <summary>A number, or null.</summary>
    public double? Number(string key) => Value(key) is { ValueKind: JsonValueKind.Number } value ? value.GetDouble() : null;

    /// <summary>True, or false when it is not there.</summary>
    public bool Flag(string key) => Value(key) is { ValueKind: JsonValueKind.True };

    /// <summary>An object, or null.</summary>
    public HubJson? Section(string key)
        => Value(key) switch
        {
            null => null,
            { ValueKind: JsonValueKind.Object } value => new HubJson(value, Subject),
            _ => throw Wrong(key, "an object"),
        };

    /// <summary>The objects of a list; none when it is not there.</summary>
    public IEnumerable<HubJson> Sections(string key)
    {
        string subject = Subject;
        return Value(key) switch
        {
            null => [],
            { ValueKind: JsonValueKind.Array } value => value.EnumerateArray().Select(item => Of(item, subject)),
            _ => throw Wrong(key, "a list"),
        };
    }

    /// <summary>The texts of a list; none when it is not there.</summary>
    public IReadOnlyList<string> Texts(string key)
    {
        if (Value(key) is not { } value)
        {
            return [];
        }
        List<string> texts = [];
        foreach (JsonElement item in value.ValueKind == JsonValueKind.Array ? value.EnumerateArray() : throw Wrong(key, "a list of texts"))
        {
            texts.Add(item.ValueKind == JsonValueKind.String ? Read(item, key) : throw Wrong(key, "a list of texts"));
        }
        return texts;
    }

    /// <summary>The entries of an object whose values are texts; none when it is not there.</summary>
    public IReadOnlyDictionary<string, string> Entries(string key)
    {
        Dictionary<string, string> entries = [];
        if (Section(key) is { } section)
        {
            try
            {
                foreach (JsonProperty entry in section.Element.EnumerateObject().Where(entry => entry.Value.ValueKind == JsonValueKind.String))
                {
                    entries[entry.Name] = Read(entry.Value, key);
                }
            }
            catch (InvalidOperationException)
            {
                throw Wrong(key, "valid Unicode");
            }
        }
        return entries;
    }

    private JsonElement? Value(string key) => Element.TryGetProperty(key, out JsonElement value) && value.ValueKind != JsonValueKind.Null ? value : null;

    // Half a surrogate pair can be written in JSON, but is no text.
    private string Read(JsonElement value, string key)
    {
        try
        {
            return value.GetString()!;
        }
        catch (InvalidOperationException)
        {
            throw Wrong(key, "valid Unicode");
        }
    }

    private HubException Wrong(string key, string expected) => HubErrors.Damaged(Subject, $"'{key}' of the answer is not {expected}.");
}
