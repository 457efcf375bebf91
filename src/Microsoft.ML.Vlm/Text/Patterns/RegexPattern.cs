using System.Text.RegularExpressions;

namespace Microsoft.ML.Vlm.Text.Patterns;

/// <summary>Looks for a regular expression in the syntax of tokenizer files, over code points.</summary>
internal sealed class RegexPattern : TextPattern
{
    // Per match. The patterns of published tokenizers need microseconds; this only stops an expression made to hang.
    private static readonly TimeSpan s_timeout = TimeSpan.FromSeconds(2);

    private readonly Regex _regex;
    private readonly TokenizerNode _node;

    /// <param name="node">The expression, with its place in the file.</param>
    /// <exception cref="InvalidDataException">The expression is malformed.</exception>
    /// <exception cref="NotSupportedException">The expression uses a construct that cannot be translated exactly.</exception>
    public RegexPattern(TokenizerNode node)
    {
        _node = node;
        string translated = new RegexTranslator(node).Translate();
        try
        {
            _regex = Create(translated);
        }
        catch (ArgumentException e)
        {
            throw new InvalidDataException($"Tokenizer '{node.File}': '{node.Key}' is not a valid expression: {e.Message}", e);
        }
    }

    /// <inheritdoc/>
    protected override List<(int Start, int Length)> Matches(ReadOnlySpan<char> text)
    {
        List<(int Start, int Length)> matches = [];
        CodePointShadow? shadow = CodePointShadow.Create(text);
        ReadOnlySpan<char> searched = shadow is null ? text : shadow.Text;
        try
        {
            foreach (ValueMatch match in _regex.EnumerateMatches(searched))
            {
                (int start, int end) = (match.Index, match.Index + match.Length);
                if (shadow is not null)
                {
                    (start, end) = (shadow.IndexOf(start), shadow.IndexOf(end));
                }
                matches.Add((start, end - start));
            }
        }
        catch (RegexMatchTimeoutException e)
        {
            throw new InvalidDataException($"Tokenizer '{_node.File}': the expression '{_node.Key}' took more than {s_timeout.TotalSeconds} seconds for one match, so the text was not encoded.", e);
        }
        return matches;
    }

    private static Regex Create(string expression)
    {
        try
        {
            return new Regex(expression, RegexOptions.CultureInvariant | RegexOptions.NonBacktracking, s_timeout);
        }
        catch (NotSupportedException)
        {
            // Look-around and atomic groups need the backtracking engine.
            return new Regex(expression, RegexOptions.CultureInvariant, s_timeout);
        }
    }
}
