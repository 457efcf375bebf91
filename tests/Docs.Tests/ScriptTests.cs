using System.Reflection;
using System.Text;
using Documentation;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;

namespace Docs.Tests;

/// <summary>The programs in samples/scripts run whole, on few rows.</summary>
public sealed class ScriptTests
{
    private const string Usings = "global using System; global using System.Collections.Generic; global using System.IO; global using System.Linq; global using System.Threading; global using System.Threading.Tasks;";

    private static readonly string s_folder = Path.Combine(RepositoryFolder.Find(), "samples", "scripts");

    public static TheoryData<string> All => [.. Directory.GetFiles(s_folder, "*.cs").Select(file => Path.GetFileName(file)).Order(StringComparer.Ordinal)];

    [Theory]
    [MemberData(nameof(All))]
    public void A_script_runs_from_start_to_end(string name)
    {
        string path = Path.Combine(s_folder, name);
        // The lines that say which projects it uses are for 'dotnet run'; here its references are those of this program.
        string code = string.Join('\n', File.ReadAllLines(path).Select(line => line.StartsWith('#') ? "" : line));
        CSharpParseOptions language = new(LanguageVersion.CSharp14);
        SyntaxTree[] trees = [CSharpSyntaxTree.ParseText(Usings, language), CSharpSyntaxTree.ParseText(code, language, path, Encoding.UTF8)];
        CSharpCompilationOptions options = new(OutputKind.ConsoleApplication, nullableContextOptions: NullableContextOptions.Enable, optimizationLevel: OptimizationLevel.Release);
        using MemoryStream assembly = new();
        string[] errors = [.. CSharpCompilation.Create($"Script{Guid.NewGuid():N}", trees, ProgramReferences.All, options).Emit(assembly, cancellationToken: TestContext.Current.CancellationToken)
            .Diagnostics.Where(found => found.Severity >= DiagnosticSeverity.Error).Select(found => found.ToString())];
        Assert.True(errors.Length == 0, string.Join(Environment.NewLine, errors));

        TextWriter console = Console.Out;
        using StringWriter printed = new();
        Console.SetOut(printed);
        try
        {
            Assembly.Load(assembly.ToArray()).EntryPoint!.Invoke(null, [(string[])["12"]]);
        }
        finally
        {
            Console.SetOut(console);
        }
        Assert.NotEqual("", printed.ToString());
    }
}
