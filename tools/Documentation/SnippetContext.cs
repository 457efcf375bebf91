using System.Text;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;

namespace Documentation;

/// <summary>Makes a program of a block in a document, with what the text around it takes for granted.</summary>
internal static class SnippetContext
{
    private const string Usings = """
        global using System; global using System.Collections.Generic; global using System.IO; global using System.Linq; global using System.Threading; global using System.Threading.Tasks;
        global using Microsoft.AspNetCore.Builder; global using Microsoft.Extensions.DependencyInjection;
        global using Microsoft.ML; global using Microsoft.ML.Data; global using Microsoft.ML.Vlm; global using Microsoft.ML.Vlm.Dpo;
        """;

    // What a reader has already when a document shows the next step.
    private const string Names = """
        static readonly MLContext ml = new(seed: 1);
        static readonly string folder = "model";
        static readonly long limit = 0;
        static readonly IDataView train = null!, test = null!, heldOut = null!, pairs = null!, feedback = null!;
        static readonly ITransformer model = null!, baseModel = null!, tuned = null!, aligned = null!;
        static readonly VlmSftEstimator.Options options = new() { ModelPath = folder };
        static readonly VlmMetrics metrics = null!;
        static readonly MLImage image = null!;
        static readonly VlmTransformer vlm = null!;
        static readonly ChartRow[] rows = [];
        static readonly Microsoft.Extensions.AI.IChatClient chat = null!;
        static readonly List<Microsoft.Extensions.AI.ChatMessage> messages = null!;
        static readonly string schema = "";
        """;

    private const string Types = """
        public sealed class ChartRow { [LoadColumn(0)] public string ImagePath { get; set; } = ""; [LoadColumn(1)] public string Question { get; set; } = ""; [LoadColumn(2)] public string Answer { get; set; } = ""; }
        public sealed class ChartAnswer { public string Response { get; set; } = ""; }
        public sealed class ChartPair { [LoadColumn(0)] public string ImagePath { get; set; } = ""; [LoadColumn(1)] public string Question { get; set; } = ""; [LoadColumn(2)] public string Better { get; set; } = ""; [LoadColumn(3)] public string Worse { get; set; } = ""; }
        public sealed class MyTracker : IRunTracker { public void Start(RunStart run) { } public void Log(RunMetrics metrics) { } public void Finish(RunState state) { } }
        """;

    /// <summary>Compiles a block as a program whose <c>Main</c> is the block.</summary>
    public static CSharpCompilation Compile(DocSnippet snippet)
    {
        CSharpParseOptions language = new(LanguageVersion.CSharp14, DocumentationMode.None);
        CSharpCompilationOptions options = new(OutputKind.ConsoleApplication, nullableContextOptions: NullableContextOptions.Enable, optimizationLevel: OptimizationLevel.Release);
        SyntaxTree[] trees = [CSharpSyntaxTree.ParseText(Usings, language), CSharpSyntaxTree.ParseText(Types, language), CSharpSyntaxTree.ParseText(Wrap(snippet, language), language)];
        return CSharpCompilation.Create($"Snippet{Guid.NewGuid():N}", trees, ProgramReferences.All, options);
    }

    private static string Wrap(DocSnippet snippet, CSharpParseOptions language)
    {
        string code = snippet.Kind switch
        {
            SnippetKind.Expression => $"_ =\n{snippet.Code};",
            SnippetKind.Initializer => $"_ = new {snippet.Owner} {{ {(NeedsModel(snippet) ? "ModelPath = folder," : "")}\n{snippet.Code}\n}};",
            _ => snippet.Code,
        };
        CompilationUnitSyntax unit = CSharpSyntaxTree.ParseText(code, language).GetCompilationUnitRoot();
        IEnumerable<MemberDeclarationSyntax> types = unit.Members.Where(member => member is not GlobalStatementSyntax);
        return new StringBuilder()
            .AppendJoin('\n', unit.Usings.Select(directive => directive.ToFullString()))
            .AppendJoin('\n', types.Select(type => type.ToFullString()))
            .Append("\ninternal static class Snippet {\n").Append(Names)
            .Append("\npublic static async Task Main() { await Task.CompletedTask;\n")
            .AppendJoin("", unit.Members.OfType<GlobalStatementSyntax>().Select(statement => statement.ToFullString()))
            .Append("\n} }").ToString();
    }

    private static bool NeedsModel(DocSnippet snippet) => snippet.Owner.EndsWith("Estimator.Options", StringComparison.Ordinal) && !snippet.Code.Contains("ModelPath", StringComparison.Ordinal);
}
