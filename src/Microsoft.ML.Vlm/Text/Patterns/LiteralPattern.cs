namespace Microsoft.ML.Vlm.Text.Patterns;

/// <summary>Looks for a text, compared ordinally; the empty text is found nowhere.</summary>
internal sealed class LiteralPattern(string literal) : TextPattern
{
    /// <summary>The text looked for.</summary>
    public string Literal => literal;

    /// <inheritdoc/>
    protected override List<(int Start, int Length)> Matches(ReadOnlySpan<char> text)
    {
        List<(int, int)> matches = [];
        if (literal.Length == 0)
        {
            return matches;
        }
        for (int position = 0; position < text.Length; position += literal.Length)
        {
            int skipped = text[position..].IndexOf(literal, StringComparison.Ordinal);
            if (skipped < 0)
            {
                break;
            }
            position += skipped;
            matches.Add((position, literal.Length));
        }
        return matches;
    }
}
