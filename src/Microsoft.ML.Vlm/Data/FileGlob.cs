using System.Text;
using System.Text.RegularExpressions;

namespace Microsoft.ML.Vlm.Data;

/// <summary>Files by a pattern: <c>*</c> and <c>?</c> inside a name, <c>**</c> over folders.</summary>
internal static class FileGlob
{
    // Links may lead in circles.
    private const int MaxDepth = 16;

    /// <summary>Whether a path is a pattern.</summary>
    public static bool IsPattern(string path) => path.AsSpan().IndexOfAny('*', '?') >= 0;

    /// <summary>The files of a folder that match, in the order of their names.</summary>
    /// <param name="folder">Where the pattern starts.</param>
    /// <param name="pattern">Relative to the folder, with slashes.</param>
    public static IReadOnlyList<string> Find(string folder, string pattern)
    {
        bool isDeep = pattern.Contains('/', StringComparison.Ordinal) || pattern.Contains("**", StringComparison.Ordinal);
        return [.. Matching(Files(folder, isDeep).Select(file => Relative(folder, file)), pattern).Select(file => Path.Combine(folder, file))];
    }

    /// <summary>The paths that match, in their order.</summary>
    /// <param name="paths">With slashes.</param>
    /// <param name="pattern">The pattern.</param>
    public static IEnumerable<string> Matching(IEnumerable<string> paths, string pattern)
    {
        StringBuilder expression = new("^");
        for (int index = 0; index < pattern.Length; index++)
        {
            bool isDeep = pattern[index] == '*' && index + 1 < pattern.Length && pattern[index + 1] == '*';
            if (isDeep)
            {
                bool hasSlash = index + 2 < pattern.Length && pattern[index + 2] == '/';
                expression.Append(hasSlash ? "(?:.*/)?" : ".*");
                index += hasSlash ? 2 : 1;
            }
            else
            {
                expression.Append(pattern[index] switch { '*' => "[^/]*", '?' => "[^/]", var letter => Regex.Escape(letter.ToString()) });
            }
        }
        Regex regex = new(expression.Append("\\z").ToString(), RegexOptions.CultureInvariant | RegexOptions.NonBacktracking);
        return paths.Where(path => regex.IsMatch(path));
    }

    /// <summary>The files of a folder in the order of their names; those in folders whose names begin with a point are left out.</summary>
    /// <param name="folder">Where to look.</param>
    /// <param name="isDeep">Whether folders below count too.</param>
    public static IReadOnlyList<string> Files(string folder, bool isDeep) => !Directory.Exists(folder) ? [] :
    [
        .. Directory.EnumerateFiles(folder, "*", new EnumerationOptions { RecurseSubdirectories = isDeep, MaxRecursionDepth = MaxDepth, AttributesToSkip = FileAttributes.None })
            .Where(file => !Relative(folder, file).Split('/').Any(part => part.StartsWith('.'))).Order(StringComparer.Ordinal),
    ];

    /// <summary>A path below a folder, with slashes.</summary>
    public static string Relative(string folder, string file) => Path.GetRelativePath(folder, file).Replace(Path.DirectorySeparatorChar, '/');
}
