using System.Text;
using System.Xml.Linq;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;

namespace Documentation;

/// <summary>
/// Makes the cells of a notebook of a script, a program in one file. Comments at the start of a line with a blank line in front are text, in Markdown; what stands between them is
/// code. What only programs have becomes what notebooks have instead: the lines <c>#:project</c> are references to packages, an argument is its default, the script's folder is the
/// notebook's, and values that are printed are displayed.
/// </summary>
internal static class ScriptNotebook
{
    private const string LinuxLibtorch = "libtorch-cpu-linux-x64";

    /// <summary>The cells.</summary>
    /// <param name="path">The script.</param>
    /// <exception cref="InvalidDataException">It begins without a paragraph of text.</exception>
    public static IReadOnlyList<NotebookCell> Read(string path)
    {
        string[] lines = File.ReadAllLines(path);
        int head = Array.FindLastIndex(lines, line => line.StartsWith('#')) + 1;
        List<NotebookCell> cells = [.. Split(Rewrite(string.Join('\n', lines[head..])).Split('\n'))];
        if (cells is not [{ IsCode: false }, ..])
        {
            throw new InvalidDataException($"{path}: a script begins with a comment, behind its lines with '#' and a blank line, that says what it shows.");
        }
        cells.Insert(1, new NotebookCell(IsCode: true, References(lines[..head])));
        return cells;
    }

    /// <summary>The first lines of a script, which are for <c>dotnet run</c>, as references of a notebook.</summary>
    private static string References(string[] head)
    {
        StringBuilder code = new("// Packages and assemblies of this repository: samples/README.md says how to build them.\n");
        foreach (string project in ScriptDirectives.Of(head, "project"))
        {
            string name = Path.GetFileNameWithoutExtension(project);
            code.Append(project.Contains("/src/", StringComparison.Ordinal)
                ? $"#r \"nuget: {name}, {Property("Directory.Build.props", "Version")}\"\n"
                : $"#r \"{Path.GetDirectoryName(project)!.Replace('\\', '/')}/bin/Release/net10.0/{name}.dll\"\n");
        }
        code.Append("// libtorch-cpu-win-x64 on Windows, libtorch-cpu-osx-arm64 on a Mac.\n");
        return code.Append($"#r \"nuget: {LinuxLibtorch}, {PackageVersion(LinuxLibtorch)}\"").ToString();
    }

    private static IEnumerable<NotebookCell> Split(string[] lines)
    {
        List<string> code = [];
        for (int line = 0; line < lines.Length; line++)
        {
            bool isText = lines[line].StartsWith("//", StringComparison.Ordinal) && (line == 0 || lines[line - 1].Length == 0);
            if (!isText)
            {
                code.Add(lines[line]);
                continue;
            }
            if (Code(code) is { } cell)
            {
                yield return cell;
            }
            int end = Array.FindIndex(lines, line, text => !text.StartsWith("//", StringComparison.Ordinal));
            end = end < 0 ? lines.Length : end;
            yield return new NotebookCell(IsCode: false, string.Join('\n', lines[line..end].Select(text => text.Length > 3 ? text[3..] : "")));
            code = [];
            line = end - 1;
        }
        if (Code(code) is { } last)
        {
            yield return last;
        }
    }

    private static NotebookCell? Code(List<string> lines) => string.Join('\n', lines).Trim('\n') is { Length: > 0 } code ? new NotebookCell(IsCode: true, code) : null;

    /// <summary>The code with what notebooks have instead of what only programs have. All else stays as it is written.</summary>
    private static string Rewrite(string code)
    {
        SyntaxNode root = CSharpSyntaxTree.ParseText(code, new CSharpParseOptions(LanguageVersion.CSharp14)).GetRoot();
        StringBuilder text = new(code);
        foreach ((SyntaxNode node, string with) in root.DescendantNodes().Select(Counterpart).OfType<(SyntaxNode, string)>().Reverse())
        {
            text.Remove(node.SpanStart, node.Span.Length).Insert(node.SpanStart, with);
        }
        return text.ToString().TrimStart('\n');
    }

    private static (SyntaxNode Node, string With)? Counterpart(SyntaxNode node) => (node switch
    {
        ConditionalExpressionSyntax choice when choice.Condition.ToString() == "args.Length > 0" => choice.WhenFalse.ToString(),
        CastExpressionSyntax folder when folder.ToString() == "(string)AppContext.GetData(\"EntryPointFileDirectoryPath\")!" => "Environment.CurrentDirectory",

        // Texts are printed in both; other values show themselves, as with pictures.
        InvocationExpressionSyntax { Parent: ExpressionStatementSyntax { Parent: GlobalStatementSyntax }, ArgumentList.Arguments: [{ Expression: var value }] } call
            when call.Expression.ToString() == "Console.WriteLine" && value is not (LiteralExpressionSyntax or InterpolatedStringExpressionSyntax) => $"display({value})",
        _ => null,
    }) is { } with ? (node, with) : null;

    private static string Property(string file, string name) => XDocument.Load(Path.Combine(RepositoryFolder.Find(), file)).Descendants(name).First().Value;

    private static string PackageVersion(string package) => XDocument.Load(Path.Combine(RepositoryFolder.Find(), "Directory.Packages.props")).Descendants("PackageVersion")
        .Single(element => element.Attribute("Include")!.Value == package).Attribute("Version")!.Value;
}
