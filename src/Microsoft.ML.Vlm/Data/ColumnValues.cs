using System.Globalization;

namespace Microsoft.ML.Vlm.Data;

/// <summary>Values of data files in the forms that models read.</summary>
internal static class ColumnValues
{
    private static readonly Dictionary<string, string> s_speakers = new(StringComparer.OrdinalIgnoreCase)
    {
        ["system"] = "system",
        ["human"] = "user",
        ["user"] = "user",
        ["gpt"] = "assistant",
        ["assistant"] = "assistant",
        ["chatgpt"] = "assistant",
        ["model"] = "assistant",
        ["tool"] = "tool",
        ["observation"] = "tool",
    };

    /// <summary>A text: the first of a list, the name of a class; empty for null.</summary>
    /// <param name="value">The value.</param>
    /// <param name="classNames">Names of classes, or null.</param>
    public static string ToText(object? value, IReadOnlyList<string>? classNames = null) => value switch
    {
        null => "",
        string text => text,
        long number when classNames is not null => HuggingFaceFeatures.NameOf(classNames, number),
        bool flag => flag ? "true" : "false",
        List<object?> list => list.Count == 0 ? "" : ToText(list[0], classNames),
        IFormattable number => number.ToString(null, CultureInfo.InvariantCulture),
        _ => JsonValues.ToJson(value),
    };

    /// <summary>All texts of a list; a single one for a value that is none.</summary>
    public static IReadOnlyList<string> ToTexts(object? value) => value switch
    {
        null => [],
        List<object?> list => [.. list.Select(entry => ToText(entry))],
        _ => [ToText(value)],
    };

    /// <summary>A number; not a number for null.</summary>
    public static double ToNumber(object? value) => value is null ? double.NaN : Convert.ToDouble(value, CultureInfo.InvariantCulture);

    /// <summary>A conversation as JSON in TRL's shape; empty for null.</summary>
    /// <param name="value">Turns with <c>role</c> and <c>content</c>, with <c>from</c> and <c>value</c>, or pairs of <c>user</c> and <c>assistant</c>; or their JSON.</param>
    /// <exception cref="InvalidDataException">Another form, or an unknown speaker.</exception>
    public static string ToTurns(object? value) => value switch
    {
        null => "",
        string text => text,
        List<object?> turns => JsonValues.ToJson(turns.OfType<DataRecord>().SelectMany(Turns).ToList<object?>()),
        _ => throw new InvalidDataException("The value is no list of turns."),
    };

    /// <summary>A conversation as JSON in TRL's shape, with places where its turns have images; empty for null.</summary>
    /// <param name="value">Turns with <c>role</c> and <c>content</c>.</param>
    /// <exception cref="InvalidDataException">Another form.</exception>
    public static string ToTurnsWithPlaces(object? value)
        => ToTurns(value is List<object?> turns ? turns.Select(turn => turn is DataRecord record ? TurnParts.WithPlaces(record) : turn).ToList() : value);

    /// <summary>A text as the turn of the assistant; empty for null or an empty text.</summary>
    public static string ToAnswerTurn(object? value) => ToText(value) is { Length: > 0 } text
        ? JsonValues.ToJson(new List<object?> { Turn("assistant", text) }) : "";

    /// <summary>Images: structures of bytes and path, bytes, paths, turns with images in them, or lists of these. Nulls are no images.</summary>
    /// <exception cref="InvalidDataException">Another form.</exception>
    public static IEnumerable<ImageReference> ToImages(object? value)
    {
        switch (value)
        {
            case null or "":
                return [];
            case string path:
                return [new(null, path)];
            case byte[] bytes:
                return [new(bytes, null)];
            case DataRecord turn when turn.Find("role") is string:
                return TurnParts.ImagesOf(turn);
            case DataRecord record when record.Find("bytes") is byte[] bytes:
                return [new(bytes, record.Find("path") as string)];
            case DataRecord record when record.Find("path") is string path:
                return [new(null, path)];
            case DataRecord record when record.Values.All(field => field is null):
                return [];
            case List<object?> list:
                return list.SelectMany(ToImages);
            default:
                throw new InvalidDataException("The value is neither an image nor the path of one.");
        }
    }

    private static IEnumerable<DataRecord> Turns(DataRecord turn)
    {
        if (turn.Find("from") is string speaker)
        {
            return [Turn(s_speakers.GetValueOrDefault(speaker) ?? throw new InvalidDataException(
                $"There is a turn from '{speaker}'; known are {string.Join(", ", s_speakers.Keys)}."), ToText(turn.Find("value")))];
        }
        return turn.ContainsKey("role") ? [turn]
            : new[] { ("user", turn.Find("user")), ("assistant", turn.Find("assistant")) }.Where(pair => pair.Item2 is not null).Select(pair => Turn(pair.Item1, ToText(pair.Item2)));
    }

    private static DataRecord Turn(string role, string content) => new() { ["role"] = role, ["content"] = content };
}
