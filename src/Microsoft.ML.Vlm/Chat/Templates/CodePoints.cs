namespace Microsoft.ML.Vlm.Chat.Templates;

/// <summary>Strings by code point, as Python counts them, and Python's idea of white space.</summary>
internal static class CodePoints
{
    /// <summary>Number of code points.</summary>
    public static int Count(string text) => HasSurrogates(text) ? text.EnumerateRunes().Count() : text.Length;

    /// <summary>One string for each code point.</summary>
    public static List<string> Split(string text) => [.. text.EnumerateRunes().Select(rune => rune.ToString())];

    /// <summary>The index in code points of an index in UTF-16 characters.</summary>
    public static int IndexOf(string text, int character) => character < 0 ? character : Count(text[..character]);

    /// <summary>Order by code point; ordinal comparison of UTF-16 puts characters beyond U+FFFF before U+E000.</summary>
    public static int Compare(string a, string b)
    {
        int length = Math.Min(a.Length, b.Length);
        for (int index = 0; index < length; index++)
        {
            (char x, char y) = (a[index], b[index]);
            if (x != y)
            {
                return char.IsSurrogate(x) != char.IsSurrogate(y) ? char.IsSurrogate(x) ? 1 : -1 : x.CompareTo(y);
            }
        }
        return a.Length.CompareTo(b.Length);
    }

    /// <summary><c>str.isspace</c> of one character.</summary>
    public static bool IsSpace(char character) => char.IsWhiteSpace(character) || character is >= '\x1c' and <= '\x1f';

    /// <summary><c>str.strip</c>, <c>lstrip</c>, <c>rstrip</c>.</summary>
    /// <param name="text">The text.</param>
    /// <param name="characters">Characters to remove; null for white space.</param>
    /// <param name="start">Whether to remove at the start.</param>
    /// <param name="end">Whether to remove at the end.</param>
    public static string Strip(string text, string? characters, bool start, bool end)
    {
        int from = 0;
        int to = text.Length;
        while (start && from < to && IsStripped(text[from]))
        {
            from++;
        }
        while (end && to > from && IsStripped(text[to - 1]))
        {
            to--;
        }
        return text[from..to];

        bool IsStripped(char character) => characters is null ? IsSpace(character) : characters.Contains(character);
    }

    private static bool HasSurrogates(string text) => text.AsSpan().IndexOfAnyInRange('\ud800', '\udfff') >= 0;
}
