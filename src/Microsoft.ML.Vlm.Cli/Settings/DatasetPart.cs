using System.Globalization;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Microsoft.ML.Vlm.Cli.Settings;

/// <summary>A data set of a mixture, with the keys of TRL's <c>datasets</c> and how much of it there is to be.</summary>
internal sealed record DatasetPart
{
    private const char Comma = ',';
    private const char Semicolon = ';';

    private static readonly JsonSerializerOptions s_json = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>All keys, TRL's first.</summary>
    public static IReadOnlyList<string> Keys { get; } = ["path", "name", "data_dir", "data_files", "split", "columns", "fraction", "weight", "column_mapping", "image_folder"];

    /// <summary>Id of the hub, folder, file or pattern; or a form of files, such as <c>json</c>, whose files are <see cref="DataFiles"/>.</summary>
    public required string Path { get; init; }

    /// <summary>Its configuration, or null.</summary>
    public string? Name { get; init; }

    /// <summary>Folder in it that is meant, or null.</summary>
    public string? DataDir { get; init; }

    /// <summary>Files in it that are meant, or patterns of these; empty for those of the split.</summary>
    public IReadOnlyList<string> DataFiles { get; init; } = [];

    /// <summary>Its part, or null for the usual one.</summary>
    public string? Split { get; init; }

    /// <summary>Columns that are looked at; empty for all.</summary>
    public IReadOnlyList<string> Columns { get; init; } = [];

    /// <summary>How often each row comes in a pass, or null.</summary>
    public double? Fraction { get; init; }

    /// <summary>Its share of the mixture, or null.</summary>
    public double? Weight { get; init; }

    /// <summary>What columns are; empty for what holds for all data sets.</summary>
    public IReadOnlyDictionary<string, string> ColumnMapping { get; init; } = new Dictionary<string, string>();

    /// <summary>Folder of its images, or null.</summary>
    public string? ImageFolder { get; init; }

    /// <summary>Reads one: <c>org/name,split=train,fraction=0.5</c>, or the same as an object of JSON.</summary>
    /// <exception cref="FormatException">A key is unknown, or a value cannot be.</exception>
    public static DatasetPart Parse(string text) => Of(text.TrimStart().StartsWith('{') ? FromJson(text) : FromWords(text));

    /// <summary>Makes one of the texts of its keys.</summary>
    /// <param name="texts">By key; a list has several, a mapping <c>name=value</c> texts.</param>
    /// <exception cref="FormatException">A key is unknown, or a value cannot be.</exception>
    public static DatasetPart Of(IReadOnlyDictionary<string, IReadOnlyList<string>> texts)
    {
        if (texts.Keys.FirstOrDefault(key => !Keys.Contains(key)) is { } unknown)
        {
            throw new FormatException($"a data set has no '{unknown}'.{NearestName.Hint(unknown, [.. Keys])}".TrimEnd('.'));
        }
        string? split = One("split");
        return new DatasetPart
        {
            Path = One("path") ?? throw new FormatException("a data set has no path: write path: org/name, a folder, or a file"),
            Name = One("name"),
            DataDir = One("data_dir"),
            DataFiles = texts.GetValueOrDefault("data_files", []),
            Split = split?.Contains('[', StringComparison.Ordinal) == true ? throw new FormatException($"'{split}' is a slice of a split, which is not read: fraction takes a part of the rows") : split,
            Columns = texts.GetValueOrDefault("columns", []),
            Fraction = Number("fraction"),
            Weight = Number("weight"),
            ColumnMapping = texts.GetValueOrDefault("column_mapping", []).Select(Pair).ToDictionary(),
            ImageFolder = One("image_folder"),
        };

        string? One(string key) => !texts.TryGetValue(key, out IReadOnlyList<string>? found) || found is ["none" or "null" or ""] ? null
            : found is [var only] ? only : throw new FormatException($"{key} takes one value, not {found.Count}");

        double? Number(string key) => One(key) is not { } value ? null
            : double.TryParse(value, NumberStyles.Float, CultureInfo.InvariantCulture, out double number) && double.IsFinite(number) && number > 0 ? number
            : throw new FormatException($"{key}: '{value}' is no number above 0");
    }

    /// <summary>As it is read.</summary>
    public override string ToString()
    {
        List<(string Key, IReadOnlyList<string> Texts)> given = [];
        void Add(string key, params IReadOnlyList<string> texts)
        {
            if (texts.Count > 0)
            {
                given.Add((key, texts));
            }
        }
        void AddOne(string key, string? text) => Add(key, text is null ? [] : [text]);
        AddOne("path", Path);
        AddOne("name", Name);
        AddOne("data_dir", DataDir);
        Add("data_files", DataFiles);
        AddOne("split", Split);
        Add("columns", Columns);
        AddOne("fraction", Fraction?.ToString("R", CultureInfo.InvariantCulture));
        AddOne("weight", Weight?.ToString("R", CultureInfo.InvariantCulture));
        Add("column_mapping", [.. ColumnMapping.Select(pair => $"{pair.Key}={pair.Value}")]);
        AddOne("image_folder", ImageFolder);
        bool isPlain = !Path.Contains('=', StringComparison.Ordinal) && !Path.StartsWith('{') && given.All(pair => pair.Texts.All(text => text.IndexOfAny([Comma, Semicolon]) < 0));
        return isPlain
            ? string.Join(Comma, given.Select(pair => (pair.Key == "path" ? "" : $"{pair.Key}=") + string.Join(Semicolon, pair.Texts)))
            : new JsonObject(given.Select(pair => KeyValuePair.Create(pair.Key, (JsonNode?)(pair.Texts is [var only] ? JsonValue.Create(only) : new JsonArray([.. pair.Texts.Select(text => JsonValue.Create(text))]))))).ToJsonString(s_json);
    }

    private static Dictionary<string, IReadOnlyList<string>> FromWords(string text)
    {
        Dictionary<string, IReadOnlyList<string>> texts = [];
        foreach (string word in text.Split(Comma, StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries))
        {
            int equals = word.IndexOf('=', StringComparison.Ordinal);
            string key = equals < 0 ? "path" : word[..equals];
            if (!texts.TryAdd(key, word[(equals + 1)..].Split(Semicolon, StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries)))
            {
                throw new FormatException(equals < 0 ? $"'{word}' is no key=value, and there is a path already" : $"{key} is given twice");
            }
        }
        return texts;
    }

    private static Dictionary<string, IReadOnlyList<string>> FromJson(string text)
    {
        try
        {
            return JsonNode.Parse(text)!.AsObject().ToDictionary(pair => pair.Key, pair => (IReadOnlyList<string>)(pair.Value switch
            {
                null => ["none"],
                JsonArray list => [.. list.Select(item => item!.ToString())],
                JsonObject mapping => [.. mapping.Select(entry => $"{entry.Key}={entry.Value}")],
                var value => [value.ToString()],
            }));
        }
        catch (Exception error) when (error is JsonException or InvalidOperationException or ArgumentException)
        {
            throw new FormatException($"'{text}' is no object of JSON", error);
        }
    }

    private static KeyValuePair<string, string> Pair(string text)
        => text.LastIndexOf('=') is > 0 and var equals ? KeyValuePair.Create(text[..equals], text[(equals + 1)..]) : throw new FormatException($"column_mapping: '{text}' is no pair: write name=value");
}
