using System.Reflection;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;

namespace Microsoft.ML.Vlm.Cli.Tests.Projects;

/// <summary>Code that was written, compiled as a project would be, and loaded.</summary>
internal static class GeneratedCode
{
    private const string Usings = "global using System; global using System.Collections.Generic; global using System.IO; global using System.Linq; global using System.Threading; global using System.Threading.Tasks;";

    private static readonly Lazy<MetadataReference[]> s_references = new(() =>
        [.. ((string)AppContext.GetData("TRUSTED_PLATFORM_ASSEMBLIES")!).Split(Path.PathSeparator).Select(file => MetadataReference.CreateFromFile(file))]);

    /// <summary>The language as the projects of this repository have it.</summary>
    public static CSharpParseOptions Language { get; } = new(LanguageVersion.CSharp14);

    /// <summary>Compiles; any warning fails.</summary>
    public static Assembly Compile(params IEnumerable<string> sources)
    {
        SyntaxTree[] trees = [.. sources.Prepend(Usings).Select(source => CSharpSyntaxTree.ParseText(source, Language))];
        bool isProgram = trees.Any(tree => tree.GetCompilationUnitRoot().Members.Any(member => member.IsKind(SyntaxKind.GlobalStatement)));
        CSharpCompilationOptions options = new(isProgram ? OutputKind.ConsoleApplication : OutputKind.DynamicallyLinkedLibrary, nullableContextOptions: NullableContextOptions.Enable);
        using MemoryStream assembly = new();
        string[] errors =
        [
            .. CSharpCompilation.Create($"Generated{Guid.NewGuid():N}", trees, s_references.Value, options).Emit(assembly, cancellationToken: TestContext.Current.CancellationToken).Diagnostics
                .Where(found => found.Severity >= DiagnosticSeverity.Warning && found.Id is not "CS1701").Select(found => found.ToString()),
        ];
        Assert.True(errors.Length == 0, string.Join('\n', errors.Take(20).Concat(sources.Skip(1))));
        return Assembly.Load(assembly.ToArray());
    }
}
