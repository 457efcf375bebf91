using System.Text.Json;

namespace Microsoft.ML.Vlm.Checkpoints;

/// <summary>An object of a JSON configuration file, with readers that check what they read. A key with null counts as absent, as in the reference.</summary>
internal sealed class ConfigSection
{
    /// <summary>Largest size, count or token id that is accepted; keeps hostile files from asking for absurd memory.</summary>
    public const int Largest = 1 << 24;

    private const int MaximumBytes = 64 << 20;
    private const int MaximumDepth = 64;

    private readonly JsonElement _element;
    private readonly string _file;
    private readonly string _path;

    private ConfigSection(JsonElement element, string file, string path) => (_element, _file, _path) = (element, file, path);

    /// <summary>Reads a file.</summary>
    /// <exception cref="FileNotFoundException">The file is missing; names it and its folder.</exception>
    /// <exception cref="InvalidDataException">The file is not a JSON object; names file and place.</exception>
    public static ConfigSection Read(string path)
    {
        FileInfo file = new(path);
        if (!file.Exists)
        {
            throw new FileNotFoundException($"The file '{file.Name}' is missing in '{file.DirectoryName}'.", path);
        }
        return file.Length <= MaximumBytes
            ? Parse(File.ReadAllBytes(path), path)
            : throw new InvalidDataException($"'{path}' has {file.Length} bytes; a configuration file has at most {MaximumBytes}.");
    }

    /// <summary>Reads a file that is in memory.</summary>
    /// <exception cref="InvalidDataException">It is not a JSON object; names file and place.</exception>
    public static ConfigSection Parse(ReadOnlyMemory<byte> json, string file)
    {
        try
        {
            using JsonDocument document = JsonDocument.Parse(json, new JsonDocumentOptions { MaxDepth = MaximumDepth });
            return document.RootElement.ValueKind == JsonValueKind.Object
                ? new ConfigSection(document.RootElement.Clone(), file, "")
                : throw new InvalidDataException($"'{file}' is not a JSON object.");
        }
        catch (JsonException exception)
        {
            throw new InvalidDataException($"'{file}' is not valid JSON: {exception.Message}", exception);
        }
    }

    /// <summary>Whether a key is there with a value.</summary>
    public bool Has(string key) => Value(key) is not null;

    /// <summary>An object inside, or null.</summary>
    public ConfigSection? Section(string key)
        => Value(key) switch
        {
            null => null,
            { ValueKind: JsonValueKind.Object } value => new ConfigSection(value, _file, _path + key + "."),
            _ => throw Invalid(key, "is not an object"),
        };

    /// <summary>An object that has to be there.</summary>
    public ConfigSection Require(string key) => Section(key) ?? throw Invalid(key, "is missing");

    /// <summary>A size or count, at least 1.</summary>
    public int Size(string key, int standard) => Integer(key, 1) ?? standard;

    /// <summary>A token id, or null.</summary>
    public int? TokenId(string key) => Integer(key, 0);

    /// <summary>Token ids: one number or a list of numbers; empty when absent.</summary>
    public IReadOnlyList<int> TokenIds(string key)
        => Value(key) switch
        {
            null => [],
            { ValueKind: JsonValueKind.Array } list => [.. list.EnumerateArray().Select(item => Integer(item, key, 0))],
            { } value => [Integer(value, key, 0)],
        };

    /// <summary>A finite number.</summary>
    public double Number(string key, double standard)
        => Value(key) switch
        {
            null => standard,
            { } value => Number(value, key),
        };

    /// <summary>A list of finite numbers, or null.</summary>
    public IReadOnlyList<double>? Numbers(string key)
        => Value(key) switch
        {
            null => null,
            { ValueKind: JsonValueKind.Array } list => [.. list.EnumerateArray().Select(item => Number(item, key))],
            _ => throw Invalid(key, "is not a list of numbers"),
        };

    /// <summary>True or false.</summary>
    public bool Flag(string key, bool standard)
        => Value(key) switch
        {
            null => standard,
            { ValueKind: JsonValueKind.True } => true,
            { ValueKind: JsonValueKind.False } => false,
            _ => throw Invalid(key, "is neither true nor false"),
        };

    /// <summary>A text, or null.</summary>
    public string? Text(string key)
        => Value(key) switch
        {
            null => null,
            { ValueKind: JsonValueKind.String } value => Text(value, key),
            _ => throw Invalid(key, "is not a text"),
        };

    /// <summary>A token's text: a text, or an object with the text as <c>content</c>; null when absent.</summary>
    public string? TokenText(string key)
        => Value(key) is { ValueKind: JsonValueKind.Object } ? Section(key)!.Text("content") : Text(key);

    /// <summary>A chat template: a text, or a list of named ones of which <c>default</c> is taken; null when absent.</summary>
    public string? Template(string key)
    {
        if (Value(key) is not { ValueKind: JsonValueKind.Array } list)
        {
            return Text(key);
        }
        return list.EnumerateArray()
            .Where(item => item.ValueKind == JsonValueKind.Object)
            .Select(item => new ConfigSection(item, _file, _path + key + "."))
            .FirstOrDefault(item => item.Text("name") == "default")?.Text("template");
    }

    /// <summary>All keys of the object with their texts.</summary>
    public IReadOnlyDictionary<string, string> Texts()
        => _element.EnumerateObject()
            .Select(property => property.Name)
            .Distinct()
            .ToDictionary(key => key, key => Text(key) ?? throw Invalid(key, "is not a text"));

    /// <summary>An error that names file and key.</summary>
    public InvalidDataException Invalid(string key, string fault) => new($"'{_file}', key '{_path}{key}': the value {fault}.");

    private JsonElement? Value(string key)
        => _element.TryGetProperty(key, out JsonElement value) && value.ValueKind != JsonValueKind.Null ? value : null;

    private int? Integer(string key, int least) => Value(key) is { } value ? Integer(value, key, least) : null;

    // Sizes are written as 8.0 by some tools, and that is what they mean.
    private int Integer(JsonElement value, string key, int least)
        => value.ValueKind == JsonValueKind.Number && value.GetDouble() is double number && number >= least && number <= Largest && number == Math.Floor(number)
            ? (int)number
            : throw Invalid(key, $"{value.GetRawText()} is not a whole number from {least} to {Largest}");

    private double Number(JsonElement value, string key)
        => value.ValueKind == JsonValueKind.Number && value.GetDouble() is double number && double.IsFinite(number)
            ? number
            : throw Invalid(key, "is not a finite number");

    private string Text(JsonElement value, string key)
    {
        try
        {
            return value.GetString()!;
        }
        catch (InvalidOperationException exception)
        {
            throw new InvalidDataException(Invalid(key, "is not valid Unicode").Message, exception);
        }
    }
}
