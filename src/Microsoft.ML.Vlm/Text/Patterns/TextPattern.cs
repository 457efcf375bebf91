namespace Microsoft.ML.Vlm.Text.Patterns;

/// <summary>What normalizers, splitters and decoders look for: a literal text or a regular expression. Safe for concurrent use.</summary>
internal abstract class TextPattern
{
    /// <summary>The pieces of <paramref name="text"/>, matches and what lies between them; they cover the text in order.</summary>
    public List<PatternPiece> Divide(ReadOnlySpan<char> text)
    {
        List<PatternPiece> pieces = [];
        int covered = 0;
        foreach ((int start, int length) in Matches(text))
        {
            if (start > covered)
            {
                pieces.Add(new PatternPiece(covered, start - covered, false));
            }
            pieces.Add(new PatternPiece(start, length, true));
            covered = start + length;
        }
        if (covered < text.Length)
        {
            pieces.Add(new PatternPiece(covered, text.Length - covered, false));
        }
        return pieces;
    }

    /// <summary>The matches, from left to right, without overlap.</summary>
    protected abstract List<(int Start, int Length)> Matches(ReadOnlySpan<char> text);
}
