using System.Text;
using System.Text.RegularExpressions;

namespace Microsoft.ML.Vlm.Data;

/// <summary>Files by a pattern: <c>*</c> and <c>?</c> inside a name, <c>**</c> over folders.</summary>
internal static class FileGlob
{
    // Links may lead in circles.
    private const int MaxDepth = 16;

    // A pattern from a stranger's file may not keep the matcher busy.
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(1);

    /// <summary>Whether a path is a pattern.</summary>
    public static bool IsPattern(string path) => path.AsSpan().IndexOfAny('*', '?') >= 0;

    /// <summary>The files of a folder that match, in the order of their names.</summary>
    /// <param name="folder">Where the pattern starts.</param>
    /// <param name="pattern">Relative to the folder, with slashes.</param>
    public static IReadOnlyList<string> Find(string folder, string pattern)
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
        Regex regex = new(expression.Append('$').ToString(), RegexOptions.CultureInvariant, s_patience);
        return [.. Files(folder, isDeep: pattern.Contains('/', StringComparison.Ordinal) || pattern.Contains("**", StringComparison.Ordinal)).Where(file => regex.IsMatch(Relative(folder, file)))];
    }

    /// <summary>The files of a folder in the order of their names; those in folders whose names begin with a point are left out.</summary>
    /// <param name="folder">Where to look.</param>
    /// <param name="isDeep">Whether folders below count too.</param>
    public static IReadOnlyList<string> Files(string folder, bool isDeep) => !Directory.Exists(folder) ? [] :
    [
        .. Directory.EnumerateFiles(folder, "*", new EnumerationOptions { RecurseSubdirectories = isDeep, MaxRecursionDepth = MaxDepth, AttributesToSkip = FileAttributes.None })
            .Where(file => !Relative(folder, file).Split('/').Any(part => part.StartsWith('.'))).Order(StringComparer.Ordinal),
    ];

    private static string Relative(string folder, string file) => Path.GetRelativePath(folder, file).Replace(Path.DirectorySeparatorChar, '/');
}
