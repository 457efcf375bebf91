using System.Collections;
using System.Globalization;
using Microsoft.ML.Vlm.Hub;

namespace Microsoft.ML.Vlm.Cli.Settings;

/// <summary>Values of options from texts, and back.</summary>
internal static class OptionValue
{
    private const string None = "none";

    /// <summary>Reads a value.</summary>
    /// <param name="entry">The option.</param>
    /// <param name="texts">What was written: one text, several of a list, or <c>key=value</c> texts of a mapping.</param>
    /// <exception cref="FormatException">It is no value of the option; says what would be.</exception>
    public static object? Parse(OptionEntry entry, IReadOnlyList<string> texts)
    {
        if (entry.AllowsNone && texts is [var only] && only.ToLowerInvariant() is None or "null" or "~" or "")
        {
            return null;
        }
        Type type = entry.ValueType;
        return ElementOf(type) is { } element
            ? List(element, texts)
            : MappedOf(type) is { } mapped
                ? Mapping(mapped, texts)
                : type.IsEnum && type.IsDefined(typeof(FlagsAttribute), false)
                    ? Flags(type, texts)
                    : Scalar(type, texts is [var one] ? one : throw new FormatException($"it takes one value, not {texts.Count}"));
    }

    /// <summary>A value as it would be written.</summary>
    public static string Format(object? value) => value switch
    {
        null => None,
        bool truth => truth ? "true" : "false",
        Enum word when word.GetType().IsDefined(typeof(FlagsAttribute), false) => FormatFlags(word),
        Enum word => OptionWords.Of(word)[0],
        double number => number.ToString("R", CultureInfo.InvariantCulture),
        TimeSpan time => string.Create(CultureInfo.InvariantCulture, $"{time.TotalSeconds}s"),
        string text => text,
        IDictionary entries => entries.Count == 0 ? None : string.Join(' ', entries.Keys.Cast<object>().Select(key => $"{key}={Format(entries[key])}")),
        IEnumerable items => string.Join(' ', items.Cast<object>().Select(Format)) is { Length: > 0 } joined ? joined : None,
        IFormattable other => other.ToString(null, CultureInfo.InvariantCulture),
        _ => value.ToString()!,
    };

    /// <summary>A value as the texts that it is read from.</summary>
    public static IReadOnlyList<string> Texts(object? value) => value switch
    {
        IDictionary { Count: > 0 } entries => [.. entries.Keys.Cast<object>().Select(key => $"{key}={Format(entries[key])}")],
        Array { Length: > 0 } items => [.. items.Cast<object>().Select(Format)],
        _ => [Format(value)],
    };

    /// <summary>The type of a list's elements; null for what is no list.</summary>
    public static Type? ElementOf(Type type) => type.IsGenericType && type.GetGenericTypeDefinition() == typeof(IReadOnlyList<>) ? type.GetGenericArguments()[0] : null;

    /// <summary>The type of a mapping's values; null for what is no mapping from texts.</summary>
    public static Type? MappedOf(Type type)
        => type.IsGenericType && (type.GetGenericTypeDefinition() == typeof(IReadOnlyDictionary<,>) || type.GetGenericTypeDefinition() == typeof(IDictionary<,>)) ? type.GetGenericArguments()[1] : null;

    /// <summary>What may be written, in a few words.</summary>
    public static string Describe(Type type)
        => ElementOf(type) is { } element ? $"{Describe(element)} ..."
            : MappedOf(type) is { } mapped ? $"name={Describe(mapped)} ..."
            : type.IsEnum ? string.Join('|', Enum.GetValues(type).Cast<Enum>().Select(value => OptionWords.Of(value)[0]))
            : type == typeof(DatasetPart) ? "path,key=value"
            : type == typeof(bool) ? "true|false"
            : type == typeof(LearningRateSchedule) ? string.Join('|', Schedules.Names)
            : type == typeof(int) || type == typeof(long) ? "number"
            : type == typeof(double) ? "x"
            : type == typeof(TimeSpan) ? "time" : "text";

    private static object Scalar(Type type, string text)
    {
        if (type == typeof(string))
        {
            return text;
        }
        string trimmed = text.Trim();
        if (type == typeof(bool))
        {
            return trimmed.ToLowerInvariant() switch
            {
                "true" or "yes" or "1" or "on" => true,
                "false" or "no" or "0" or "off" => false,
                _ => throw new FormatException($"'{text}' is neither true nor false"),
            };
        }
        if (type == typeof(int))
        {
            return int.TryParse(trimmed, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out int number) ? number : throw new FormatException($"'{text}' is no whole number");
        }
        if (type == typeof(long))
        {
            return ByteCount.Parse(trimmed);
        }
        if (type == typeof(double))
        {
            return double.TryParse(trimmed, NumberStyles.Float, CultureInfo.InvariantCulture, out double number) && double.IsFinite(number) ? number : throw new FormatException($"'{text}' is no number");
        }
        return type == typeof(TimeSpan) ? Time(trimmed) : type == typeof(LearningRateSchedule) ? Schedules.Find(trimmed) : type == typeof(DatasetPart) ? DatasetPart.Parse(trimmed) : Word(type, trimmed);
    }

    private static TimeSpan Time(string text)
    {
        try
        {
            return TimeSpan.FromSeconds(JobTimeout.Seconds(text));
        }
        catch (ArgumentException)
        {
            throw new FormatException($"'{text}' is no time: write seconds, or a number with s, m, h or d behind it, such as 90m");
        }
    }

    private static Enum Word(Type type, string text)
    {
        string wanted = text.Replace('-', '_');
        foreach ((string word, Enum value) in OptionWords.All(type))
        {
            if (string.Equals(word, wanted, StringComparison.OrdinalIgnoreCase) || string.Equals(value.ToString(), wanted, StringComparison.OrdinalIgnoreCase))
            {
                return value;
            }
        }
        string[] words = [.. OptionWords.All(type).Select(pair => pair.Word)];
        throw new FormatException($"'{text}' is none of its values.{NearestName.Hint(text, words)}".TrimEnd('.'));
    }

    private static object Flags(Type type, IReadOnlyList<string> texts)
    {
        int value = Split(texts).Sum(text => Convert.ToInt32(Word(type, text), CultureInfo.InvariantCulture));
        return Enum.ToObject(type, value);
    }

    private static string FormatFlags(Enum value)
    {
        Enum[] single = [.. Enum.GetValues(value.GetType()).Cast<Enum>().Where(part => value.HasFlag(part) && int.PopCount(Convert.ToInt32(part, CultureInfo.InvariantCulture)) == 1)];
        return single.Length == 0 ? None : string.Join(' ', single.Select(part => OptionWords.Of(part)[0]));
    }

    private static Array List(Type element, IReadOnlyList<string> texts)
    {
        string[] items = texts is [var only] && only.Trim().ToLowerInvariant() is None or "null" or "[]" ? [] : element == typeof(string) || element == typeof(DatasetPart) ? [.. texts] : [.. Split(texts)];
        Array list = Array.CreateInstance(element, items.Length);
        for (int index = 0; index < items.Length; index++)
        {
            list.SetValue(Scalar(element, items[index]), index);
        }
        return list;
    }

    private static IDictionary Mapping(Type mapped, IReadOnlyList<string> texts)
    {
        IDictionary mapping = (IDictionary)Activator.CreateInstance(typeof(Dictionary<,>).MakeGenericType(typeof(string), mapped))!;
        foreach (string text in texts is [var only] && only.ToLowerInvariant() is None or "null" or "{}" ? [] : texts)
        {
            int equals = text.LastIndexOf('=');
            if (equals <= 0)
            {
                throw new FormatException($"'{text}' is no pair: write name=value");
            }
            mapping[text[..equals]] = Scalar(mapped, text[(equals + 1)..]);
        }
        return mapping;
    }

    private static IEnumerable<string> Split(IEnumerable<string> texts) => texts.SelectMany(text => text.Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries));
}
