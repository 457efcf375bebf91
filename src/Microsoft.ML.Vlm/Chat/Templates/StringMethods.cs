using System.Text;

namespace Microsoft.ML.Vlm.Chat.Templates;

/// <summary>Python's string methods.</summary>
internal static class StringMethods
{
    /// <summary>A method of a string, or null when strings have none of that name.</summary>
    public static TemplateFunction? Find(string text, string name)
    {
        Func<CallArguments, object?>? body = name switch
        {
            "strip" => arguments => CodePoints.Strip(text, arguments.Bind(name, 0, "chars").Text(0), start: true, end: true),
            "lstrip" => arguments => CodePoints.Strip(text, arguments.Bind(name, 0, "chars").Text(0), start: true, end: false),
            "rstrip" => arguments => CodePoints.Strip(text, arguments.Bind(name, 0, "chars").Text(0), start: false, end: true),
            "split" => arguments => Split(text, arguments.Bind(name, 0, "sep", "maxsplit"), fromEnd: false),
            "rsplit" => arguments => Split(text, arguments.Bind(name, 0, "sep", "maxsplit"), fromEnd: true),
            "splitlines" => arguments => TextList(StringSplitting.Lines(text, arguments.Bind(name, 0, "keepends").Flag(0, false))),
            "partition" => arguments => StringSplitting.Partition(text, arguments.Bind(name, 1, "sep").RequiredText(0), last: false),
            "rpartition" => arguments => StringSplitting.Partition(text, arguments.Bind(name, 1, "sep").RequiredText(0), last: true),
            "startswith" => arguments => Prefixes(name, arguments).Exists(prefix => text.StartsWith(prefix, StringComparison.Ordinal)),
            "endswith" => arguments => Prefixes(name, arguments).Exists(suffix => text.EndsWith(suffix, StringComparison.Ordinal)),
            "removeprefix" => arguments => arguments.Bind(name, 1, "prefix").RequiredText(0) is { } prefix && text.StartsWith(prefix, StringComparison.Ordinal)
                ? text[prefix.Length..] : text,
            "removesuffix" => arguments => arguments.Bind(name, 1, "suffix").RequiredText(0) is { } suffix && text.EndsWith(suffix, StringComparison.Ordinal)
                ? text[..^suffix.Length] : text,
            "upper" => arguments => Simple(name, arguments, text.ToUpperInvariant()),
            "lower" => arguments => Simple(name, arguments, text.ToLowerInvariant()),
            "capitalize" => arguments => Simple(name, arguments, Capitalize(text)),
            "title" => arguments => Simple(name, arguments, Title(text)),
            "isdigit" => arguments => Simple(name, arguments, text.Length > 0 && text.All(char.IsDigit)),
            "isalpha" => arguments => Simple(name, arguments, text.Length > 0 && text.All(char.IsLetter)),
            "isalnum" => arguments => Simple(name, arguments, text.Length > 0 && text.All(char.IsLetterOrDigit)),
            "isspace" => arguments => Simple(name, arguments, text.Length > 0 && text.All(CodePoints.IsSpace)),
            "isupper" => arguments => Simple(name, arguments, text.Any(char.IsUpper) && !text.Any(char.IsLower)),
            "islower" => arguments => Simple(name, arguments, text.Any(char.IsLower) && !text.Any(char.IsUpper)),
            "find" => arguments => FindIndex(text, arguments.Bind(name, 1, "sub").RequiredText(0), last: false),
            "rfind" => arguments => FindIndex(text, arguments.Bind(name, 1, "sub").RequiredText(0), last: true),
            "index" => arguments => FindIndex(text, arguments.Bind(name, 1, "sub").RequiredText(0), last: false) is { } index and >= 0
                ? index : throw new TemplateException("the text of 'index' is not in the string.", 0),
            "count" => arguments => Count(text, arguments.Bind(name, 1, "sub").RequiredText(0)),
            "replace" => arguments =>
            {
                BoundArguments bound = arguments.Bind(name, 2, "old", "new", "count");
                return Replace(text, bound.RequiredText(0), bound.RequiredText(1), bound.Integer(2) ?? -1, arguments.Budget);
            }
            ,
            "join" => arguments => Join(text, arguments.Bind(name, 1, "iterable")[0], arguments.Budget),
            "format" => arguments => BraceFormat.Apply(text, arguments),
            _ => null,
        };
        return body is null ? null : new TemplateFunction(name, arguments =>
        {
            arguments.Budget.Text(text.Length);
            object? result = body(arguments);
            arguments.Budget.Step(result is TemplateSequence list ? list.Items.Count : 1);
            return result;
        });
    }

    /// <summary><c>str.replace</c>.</summary>
    public static string Replace(string text, string old, string replacement, int count, RenderBudget budget)
    {
        if (count == 0)
        {
            return text;
        }
        var result = new StringBuilder();
        int start = 0;
        for (int done = 0; count < 0 || done < count; done++)
        {
            // An empty text to replace lies before every character and at the end.
            int next = done == 0 ? 0 : start < text.Length ? start + 1 : -1;
            int found = old.Length > 0 ? text.IndexOf(old, start, StringComparison.Ordinal) : next;
            if (found < 0)
            {
                break;
            }
            result.Append(text, start, found - start).Append(replacement);
            budget.Step();
            RenderBudget.Limit(result.Length);
            start = found + old.Length;
        }
        result.Append(text, start, text.Length - start);
        budget.Text(result.Length);
        return result.ToString();
    }

    /// <summary><c>str.capitalize</c>.</summary>
    public static string Capitalize(string text)
    {
        int first = text.Length > 1 && char.IsHighSurrogate(text[0]) ? 2 : Math.Min(1, text.Length);
        return text[..first].ToUpperInvariant() + text[first..].ToLowerInvariant();
    }

    private static TemplateSequence TextList(IEnumerable<string> parts) => TemplateSequence.List([.. parts]);

    private static TemplateSequence Split(string text, BoundArguments bound, bool fromEnd)
    {
        int maximum = bound.Integer(1) ?? -1;
        return TextList(StringSplitting.Split(text, bound.Text(0), maximum < 0 ? int.MaxValue : maximum, fromEnd));
    }

    private static object? Simple(string name, CallArguments arguments, object? value)
    {
        arguments.Bind(name, 0);
        return value;
    }

    private static List<string> Prefixes(string name, CallArguments arguments) => arguments.Bind(name, 1, "prefix")[0] switch
    {
        string prefix => [prefix],
        TemplateSequence { Kind: SequenceKind.Tuple } tuple when tuple.Items.TrueForAll(item => item is string) => [.. tuple.Items.Cast<string>()],
        var other => throw new TemplateException($"'{name}' needs a string or a tuple of strings, not a {TemplateValue.TypeName(other)}.", 0),
    };

    private static long FindIndex(string text, string part, bool last)
        => CodePoints.IndexOf(text, last ? text.LastIndexOf(part, StringComparison.Ordinal) : text.IndexOf(part, StringComparison.Ordinal));

    private static long Count(string text, string part) => part.Length == 0 ? CodePoints.Count(text) + 1 : text.Split(part).Length - 1;

    private static string Join(string separator, object? iterable, RenderBudget budget)
    {
        var result = new StringBuilder();
        List<object?> items = TemplateValue.Iterate(iterable, budget);
        for (int index = 0; index < items.Count; index++)
        {
            string item = items[index] as string
                ?? throw new TemplateException($"'join' meets a {TemplateValue.TypeName(items[index])} among the strings.", 0);
            result.Append(index > 0 ? separator : "").Append(item);
            budget.Text(separator.Length + item.Length);
            RenderBudget.Limit(result.Length);
        }
        return result.ToString();
    }

    private static string Title(string text)
    {
        var result = new StringBuilder(text.Length);
        bool inWord = false;
        foreach (char character in text)
        {
            result.Append(inWord ? char.ToLowerInvariant(character) : char.ToUpperInvariant(character));
            inWord = char.IsLetter(character);
        }
        return result.ToString();
    }
}
