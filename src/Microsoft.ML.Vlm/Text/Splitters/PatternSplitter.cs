using Microsoft.ML.Vlm.Text.Patterns;

namespace Microsoft.ML.Vlm.Text.Splitters;

/// <summary>Divides text at the matches of a pattern.</summary>
/// <param name="pattern">What to look for.</param>
/// <param name="behavior">What becomes of the matches.</param>
/// <param name="inverted">The text between the matches counts as the matches.</param>
internal sealed class PatternSplitter(TextPattern pattern, SplitBehavior behavior, bool inverted) : TextSplitter
{
    /// <inheritdoc/>
    public override void Split(TextSlice slice, List<TextSlice> output)
    {
        foreach ((int start, int length) in Arrange(pattern.Divide(slice.Span), behavior, inverted))
        {
            if (length > 0)
            {
                output.Add(slice.Slice(start, length));
            }
        }
    }

    /// <summary>Joins or drops pieces as the behaviour says. The pieces cover a text in order.</summary>
    internal static List<(int Start, int Length)> Arrange(IReadOnlyList<PatternPiece> pieces, SplitBehavior behavior, bool inverted)
    {
        List<(int Start, int Length)> result = new(pieces.Count);
        bool previousIsMatch = false;
        for (int i = 0; i < pieces.Count; i++)
        {
            (int start, int length, bool isMatch) = pieces[i];
            isMatch ^= inverted;
            bool joinsLast = result.Count > 0 && behavior switch
            {
                SplitBehavior.MergedWithPrevious => isMatch && !previousIsMatch,
                // The text after a match takes only the match that touches it, so of two matches in a row the first stands alone.
                SplitBehavior.MergedWithNext => !isMatch && previousIsMatch,
                SplitBehavior.Contiguous => isMatch == previousIsMatch,
                _ => false,
            };
            if (joinsLast)
            {
                result[^1] = (result[^1].Start, result[^1].Length + length);
            }
            else if (behavior != SplitBehavior.Removed || !isMatch)
            {
                result.Add((start, length));
            }
            previousIsMatch = isMatch;
        }
        return result;
    }
}
