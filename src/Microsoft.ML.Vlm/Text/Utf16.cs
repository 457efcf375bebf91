namespace Microsoft.ML.Vlm.Text;

/// <summary>Well-formedness of UTF-16 text.</summary>
internal static class Utf16
{
    /// <summary>Replaces halves of surrogate pairs that stand alone by U+FFFD, so that every later step may decode code points; lengths stay.</summary>
    public static string ReplaceLoneSurrogates(string text)
    {
        int lone = FindLoneSurrogate(text, 0);
        if (lone < 0)
        {
            return text;
        }
        char[] units = text.ToCharArray();
        for (; lone >= 0; lone = FindLoneSurrogate(text, lone + 1))
        {
            units[lone] = '\uFFFD';
        }
        return new string(units);
    }

    private static int FindLoneSurrogate(string text, int from)
    {
        for (int i = from; i < text.Length; i++)
        {
            int next = text.AsSpan(i).IndexOfAnyInRange('\uD800', '\uDFFF');
            if (next < 0)
            {
                return -1;
            }
            i += next;
            if (i + 1 >= text.Length || !char.IsSurrogatePair(text[i], text[i + 1]))
            {
                return i;
            }
            i++;
        }
        return -1;
    }
}
