using System.Reflection;
using System.Text;
using System.Xml.Linq;
using Documentation;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;

namespace Docs.Tests;

/// <summary>The programs in samples/scripts run whole, on few rows.</summary>
[Collection("What is printed belongs to one test at a time.")]
public sealed class ScriptTests
{
    private const string Usings = "global using System; global using System.Collections.Generic; global using System.IO; global using System.Linq; global using System.Threading; global using System.Threading.Tasks;";

    public static TheoryData<string> All => [.. SampleNotebooks.Names];

    [Theory]
    [MemberData(nameof(All))]
    public void A_script_runs_from_start_to_end(string name)
    {
        string path = PathOf(name);
        // The lines that say which projects it uses are for 'dotnet run'; here its references are those of this program. The next test holds the two together.
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
        AppContext.SetData("EntryPointFileDirectoryPath", SampleNotebooks.ScriptFolder);
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

    [Theory]
    [MemberData(nameof(All))]
    public void The_lines_for_dotnet_run_name_the_projects_that_the_code_uses(string name)
    {
        string[] lines = File.ReadAllLines(PathOf(name));
        Assert.Equal("#!/usr/bin/env dotnet", lines[0]);
        Assert.Contains($"// dotnet run samples/scripts/{name}.cs [training questions]", lines);
        Assert.All(lines.Where(line => line.StartsWith("#:", StringComparison.Ordinal)), line => Assert.Matches("^#:(project|property) ", line));

        // Native code and reflection: neither can be compiled ahead.
        Assert.Equal(["PublishAot=false"], ScriptDirectives.Of(lines, "property"));
        string[] projects = [.. ScriptDirectives.Of(lines, "project").Select(project => Path.GetFullPath(project, SampleNotebooks.ScriptFolder))];
        Assert.All(projects, project => Assert.True(File.Exists(project), $"'{project}' does not exist."));
        Assert.Equal(lines.Where(line => line.StartsWith("using ", StringComparison.Ordinal)).Select(line => line[6..].TrimEnd(';')).Where(space => space is "ChartFactory" or "Microsoft.ML.Vlm" or "Microsoft.ML.Vlm.Dpo").Order(),
            projects.Select(project => Path.GetFileNameWithoutExtension(project)).Order());

        // The code is compiled above against these projects too.
        string[] here = [.. XDocument.Load(Path.Combine(RepositoryFolder.Find(), "tools", "Documentation", "Documentation.csproj")).Descendants("ProjectReference").Select(reference => Path.GetFileName(reference.Attribute("Include")!.Value))];
        Assert.Empty(projects.Select(project => Path.GetFileName(project)).Except(here));
    }

    [Fact]
    public void A_script_runs_by_dotnet_run()
    {
        string configuration = AppContext.BaseDirectory.Contains($"{Path.DirectorySeparatorChar}Release{Path.DirectorySeparatorChar}", StringComparison.Ordinal) ? "Release" : "Debug";
        // The libraries are those that were built for the tests.
        string printed = PackedPackages.Run(SampleNotebooks.ScriptFolder, "run", "evaluation.cs", "-c", configuration, "-p:BuildProjectReferences=false", "--disable-build-servers", "--", "12");
        Assert.Contains("relaxed accuracy", printed, StringComparison.Ordinal);
    }

    private static string PathOf(string name) => Path.Combine(SampleNotebooks.ScriptFolder, $"{name}.cs");
}
