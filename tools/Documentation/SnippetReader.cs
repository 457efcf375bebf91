using System.Net;
using System.Text.RegularExpressions;

namespace Documentation;

/// <summary>Finds the blocks of C# in README.md, in docs, in the packages' own README files, and in the examples of doc comments.</summary>
internal static partial class SnippetReader
{
    /// <summary>All blocks, in the order of files and lines.</summary>
    /// <exception cref="InvalidDataException">A comment asks for something unknown, or a block has no end; names file and line.</exception>
    public static IReadOnlyList<DocSnippet> ReadAll(string root)
        => [.. Files(root).SelectMany(file => Read(NameOf(root, file), File.ReadAllLines(file))), .. Sources(root).SelectMany(file => ReadExamples(NameOf(root, file), File.ReadAllLines(file)))];

    /// <summary>The examples (<c>code</c>) in the doc comments of a source file.</summary>
    /// <param name="name">Its name in errors.</param>
    /// <param name="lines">Its text.</param>
    public static IEnumerable<DocSnippet> ReadExamples(string name, string[] lines)
    {
        for (int line = 0; line < lines.Length; line++)
        {
            if (lines[line].Trim() != "/// <code>")
            {
                continue;
            }
            int end = Array.FindIndex(lines, line + 1, text => text.Trim() == "/// </code>");
            if (end < 0)
            {
                throw new InvalidDataException($"{name}, line {line + 1}: an example has no end.");
            }
            yield return new(name, line + 2, SnippetKind.Statements, "", WebUtility.HtmlDecode(string.Join('\n', lines[(line + 1)..end].Select(text => text.Trim().TrimStart('/')))));
            line = end;
        }
    }

    /// <summary>The blocks of one document.</summary>
    /// <param name="name">Its name in errors.</param>
    /// <param name="lines">Its text.</param>
    public static IEnumerable<DocSnippet> Read(string name, string[] lines)
    {
        for (int line = 0; line < lines.Length; line++)
        {
            if (lines[line].TrimEnd() != "```csharp")
            {
                continue;
            }
            int end = Array.FindIndex(lines, line + 1, text => text.StartsWith("```", StringComparison.Ordinal));
            if (end < 0)
            {
                throw new InvalidDataException($"{name}, line {line + 1}: a block of C# has no end.");
            }
            (SnippetKind kind, string owner) = line == 0 ? default : ReadComment(name, line, lines[line - 1]);
            yield return new(name, line + 2, kind, owner, string.Join('\n', lines[(line + 1)..end]));
            line = end;
        }
    }

    private static (SnippetKind Kind, string Owner) ReadComment(string name, int line, string text)
    {
        if (!text.StartsWith("<!-- csharp:", StringComparison.Ordinal))
        {
            return (SnippetKind.Statements, "");
        }
        Match match = Comment().Match(text);
        return match.Groups["owner"] is { Success: true, Value: var owner } ? (SnippetKind.Initializer, owner)
            : match.Groups["kind"].Value switch
            {
                "expression" => (SnippetKind.Expression, ""),
                "program" => (SnippetKind.Program, ""),
                _ => throw new InvalidDataException($"{name}, line {line}: '{text}' is neither 'expression', 'program' nor 'initializer of TYPE'."),
            };
    }

    private static string NameOf(string root, string file) => Path.GetRelativePath(root, file).Replace('\\', '/');

    private static IEnumerable<string> Sources(string root)
        => Directory.EnumerateFiles(Path.Combine(root, "src"), "*.cs", SearchOption.AllDirectories)
            .Where(file => !NameOf(root, file).Contains("/obj/", StringComparison.Ordinal)).Order(StringComparer.Ordinal);

    private static IEnumerable<string> Files(string root)
        => [Path.Combine(root, "README.md"), .. Directory.GetFiles(Path.Combine(root, "docs"), "*.md", SearchOption.AllDirectories).Order(StringComparer.Ordinal),
            .. Directory.GetDirectories(Path.Combine(root, "src")).Order(StringComparer.Ordinal).Select(folder => Path.Combine(folder, "README.md")).Where(File.Exists)];

    [GeneratedRegex(@"^<!-- csharp: (?:initializer of (?<owner>[\w.]+)|(?<kind>\w+)) -->\s*$")]
    private static partial Regex Comment();
}
