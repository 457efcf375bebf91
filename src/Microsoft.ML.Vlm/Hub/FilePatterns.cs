using System.Text;
using System.Text.RegularExpressions;

namespace Microsoft.ML.Vlm.Hub;

/// <summary>Chooses files by patterns as Python's <c>fnmatch</c> reads them: <c>*</c> also crosses folders, <c>?</c> is one sign, <c>[ab]</c> one of several.</summary>
internal static class FilePatterns
{
    /// <summary>Whether a path is chosen.</summary>
    /// <param name="path">With <c>/</c> between its parts.</param>
    /// <param name="allow">Patterns of which one has to fit; null for all.</param>
    /// <param name="ignore">Patterns of which none may fit; null for none.</param>
    public static bool Chooses(string path, IReadOnlyList<string>? allow, IReadOnlyList<string>? ignore)
        => allow?.Any(pattern => Fits(path, pattern)) != false && ignore?.Any(pattern => Fits(path, pattern)) != true;

    /// <summary>Whether a path fits a pattern; a pattern that ends in <c>/</c> stands for all below that folder.</summary>
    public static bool Fits(string path, string pattern)
    {
        string whole = pattern.EndsWith('/') ? pattern + "*" : pattern;
        StringBuilder expression = new("^");
        for (int index = 0; index < whole.Length; index++)
        {
            int end;
            switch (whole[index])
            {
                case '*':
                    expression.Append(".*");
                    break;
                case '?':
                    expression.Append('.');
                    break;
                case '[' when index + 2 < whole.Length && (end = whole.IndexOf(']', index + 2)) > 0:
                    string set = whole[(index + 1)..end].Replace("\\", "\\\\", StringComparison.Ordinal).Replace("[", "\\[", StringComparison.Ordinal);
                    expression.Append('[').Append(set[0] == '!' ? "^" + set[1..] : set[0] == '^' ? "\\" + set : set).Append(']');
                    index = end;
                    break;
                case var sign:
                    expression.Append(Regex.Escape(sign.ToString()));
                    break;
            }
        }
        return Regex.IsMatch(path, expression.Append("\\z").ToString(), RegexOptions.Singleline | RegexOptions.CultureInvariant | RegexOptions.NonBacktracking);
    }
}
