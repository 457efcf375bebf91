using System.Buffers;

namespace Microsoft.ML.Vlm.Chat.Templates;

/// <summary>Python's ways of taking a string apart.</summary>
internal static class StringSplitting
{
    private static readonly SearchValues<char> s_spaces
        = SearchValues.Create([.. Enumerable.Range(0, char.MaxValue).Select(value => (char)value).Where(CodePoints.IsSpace)]);

    /// <summary><c>str.split</c> and <c>str.rsplit</c>.</summary>
    /// <param name="text">The text.</param>
    /// <param name="separator">Null splits at runs of white space and drops empty parts at both ends.</param>
    /// <param name="maximum">Most cuts.</param>
    /// <param name="fromEnd">Whether cuts are counted from the end.</param>
    public static List<string> Split(string text, string? separator, int maximum, bool fromEnd)
    {
        if (separator is null)
        {
            return AtSpaces(text, maximum, fromEnd);
        }
        if (separator.Length == 0)
        {
            throw new TemplateException("'split' has an empty separator.", 0);
        }
        List<string> parts = [.. text.Split(separator)];
        if (parts.Count - 1 > maximum)
        {
            int first = fromEnd ? 0 : maximum;
            int joined = parts.Count - maximum;
            string rest = string.Join(separator, parts.GetRange(first, joined));
            parts.RemoveRange(first, joined);
            parts.Insert(first, rest);
        }
        return parts;
    }

    /// <summary><c>str.partition</c> and <c>str.rpartition</c>.</summary>
    public static TemplateSequence Partition(string text, string separator, bool last)
    {
        if (separator.Length == 0)
        {
            throw new TemplateException("'partition' has an empty separator.", 0);
        }
        int found = last ? text.LastIndexOf(separator, StringComparison.Ordinal) : text.IndexOf(separator, StringComparison.Ordinal);
        return found >= 0
            ? TemplateSequence.Tuple(text[..found], separator, text[(found + separator.Length)..])
            : last ? TemplateSequence.Tuple("", "", text) : TemplateSequence.Tuple(text, "", "");
    }

    /// <summary><c>str.splitlines</c>.</summary>
    public static List<string> Lines(string text, bool keepEnds)
    {
        var lines = new List<string>();
        int start = 0;
        for (int index = 0; index < text.Length; index++)
        {
            if (text[index] is '\n' or '\r' or '\v' or '\f' or (>= '\x1c' and <= '\x1e') or '\x85' or '\u2028' or '\u2029')
            {
                int end = text[index] == '\r' && index + 1 < text.Length && text[index + 1] == '\n' ? index + 2 : index + 1;
                lines.Add(text[start..(keepEnds ? end : index)]);
                start = end;
                index = end - 1;
            }
        }
        if (start < text.Length)
        {
            lines.Add(text[start..]);
        }
        return lines;
    }

    private static List<string> AtSpaces(string text, int maximum, bool fromEnd)
    {
        var parts = new List<string>();
        ReadOnlySpan<char> rest = text;
        while (true)
        {
            int skip = fromEnd ? rest.LastIndexOfAnyExcept(s_spaces) : rest.IndexOfAnyExcept(s_spaces);
            if (skip < 0)
            {
                break;
            }
            rest = fromEnd ? rest[..(skip + 1)] : rest[skip..];
            int cut = fromEnd ? rest.LastIndexOfAny(s_spaces) : rest.IndexOfAny(s_spaces);
            if (parts.Count == maximum || cut < 0)
            {
                parts.Add(rest.ToString());
                break;
            }
            parts.Add((fromEnd ? rest[(cut + 1)..] : rest[..cut]).ToString());
            rest = fromEnd ? rest[..cut] : rest[cut..];
        }
        if (fromEnd)
        {
            parts.Reverse();
        }
        return parts;
    }
}
