using System.Reflection;
using System.Text.Json;
using ChartFactory;
using Documentation;
using Microsoft.CodeAnalysis;

namespace Docs.Tests;

/// <summary>What the documents show compiles; whole programs run.</summary>
public sealed class SnippetTests
{
    private static readonly string s_root = RepositoryFolder.Find();

    private static readonly IReadOnlyList<DocSnippet> s_snippets = SnippetReader.ReadAll(s_root);

    public static TheoryData<string> All => [.. s_snippets.Select(snippet => snippet.ToString())];

    public static TheoryData<string> Programs => [.. s_snippets.Where(snippet => snippet.Kind == SnippetKind.Program).Select(snippet => snippet.ToString())];

    [Theory]
    [MemberData(nameof(All))]
    public void A_block_of_a_document_compiles(string place)
    {
        DocSnippet snippet = Find(place);
        string[] errors = [.. SnippetContext.Compile(snippet).GetDiagnostics(TestContext.Current.CancellationToken).Where(found => found.Severity == DiagnosticSeverity.Error).Select(found => found.ToString())];
        Assert.True(errors.Length == 0, $"{place}:{Environment.NewLine}{snippet.Code}{Environment.NewLine}{string.Join(Environment.NewLine, errors)}");
    }

    [Theory]
    [MemberData(nameof(Programs))]
    public void A_program_of_a_document_runs(string place)
    {
        using MemoryStream assembly = new();
        Assert.True(SnippetContext.Compile(Find(place)).Emit(assembly).Success);
        string before = Environment.CurrentDirectory, folder = Directory.CreateTempSubdirectory("snippets-").FullName;
        try
        {
            Furnish(folder);
            Environment.CurrentDirectory = folder;
            MethodInfo main = Assembly.Load(assembly.ToArray()).EntryPoint!;
            main.Invoke(null, null);
            Assert.NotEmpty(Directory.GetFiles(folder, "*.zip"));
        }
        finally
        {
            Environment.CurrentDirectory = before;
            Directory.Delete(folder, recursive: true);
        }
    }

    [Fact]
    public void Comments_say_what_a_block_is_a_piece_of()
    {
        string[] lines = ["text", "```csharp", "int a = 1;", "```", "<!-- csharp: initializer of A.Options -->", "```csharp", "B = 1,", "```", "<!-- csharp: expression -->", "```csharp", "1 + 1", "```"];
        DocSnippet[] snippets = [.. SnippetReader.Read("x.md", lines)];
        Assert.Equal([new("x.md", 3, SnippetKind.Statements, "", "int a = 1;"), new("x.md", 7, SnippetKind.Initializer, "A.Options", "B = 1,"), new("x.md", 11, SnippetKind.Expression, "", "1 + 1")], snippets);
        Assert.Contains("x.md, line 1", Assert.Throws<InvalidDataException>(() => SnippetReader.Read("x.md", ["```csharp", "int a"]).ToArray()).Message);
        Assert.Contains("'expresion'", Assert.Throws<InvalidDataException>(() => SnippetReader.Read("x.md", ["<!-- csharp: expresion -->", "```csharp", "1", "```"]).ToArray()).Message.Replace("<!-- csharp: expresion -->", "expresion", StringComparison.Ordinal));
    }

    [Fact]
    public void Examples_of_doc_comments_are_read()
    {
        string[] lines = ["    /// <example>", "    /// <code>", "    /// if (a &lt; b)", "    /// {", "    ///", "    /// </code>", "    /// </example>"];
        Assert.Equal([new("x.cs", 3, SnippetKind.Statements, "", " if (a < b)\n {\n")], SnippetReader.ReadExamples("x.cs", lines).ToArray());
        Assert.Contains("x.cs, line 1", Assert.Throws<InvalidDataException>(() => SnippetReader.ReadExamples("x.cs", ["/// <code>"]).ToArray()).Message);
        Assert.Contains(s_snippets, snippet => snippet.File.EndsWith("Catalogs/VlmCatalogExtensions.cs", StringComparison.Ordinal));
    }

    [Fact]
    public void A_block_that_is_wrong_is_found()
    {
        DocSnippet wrong = new("x.md", 1, SnippetKind.Initializer, "VlmSftEstimator.Options", "LearningRat = 1,");
        Assert.Contains(SnippetContext.Compile(wrong).GetDiagnostics(TestContext.Current.CancellationToken), found => found.Id == "CS0117");
    }

    private static DocSnippet Find(string place) => s_snippets.Single(snippet => snippet.ToString() == place);

    // Under the names that the documents use: a tiny model, one chart and questions about it.
    private static void Furnish(string folder)
    {
        string model = Path.Combine(s_root, "samples", "Charts", "model");
        foreach (string name in (string[])["models", "HuggingFaceTB"])
        {
            Copy(model, Path.Combine(folder, name, "SmolVLM-256M-Instruct"));
        }
        var random = new SeededRandom(seed: 1);
        Chart chart = new ChartGenerator(random).Next();
        ChartQuestion[] questions = [.. ChartQuestion.AskAll(chart, random).Take(2)];
        byte[] picture = PngFile.Encode(Chart.Size, Chart.Size, ChartPainter.Paint(chart));
        string charts = Directory.CreateDirectory(Path.Combine(folder, "charts", "images")).FullName, hub = Directory.CreateDirectory(Path.Combine(folder, "HuggingFaceM4", "ChartQA")).FullName;
        foreach (string place in (string[])[charts, hub, folder])
        {
            File.WriteAllBytes(Path.Combine(place, "1.png"), picture);
        }
        string pictures = Directory.CreateDirectory(Path.Combine(folder, "pictures")).FullName;
        List<string> rows = ["image,question,answer"];
        for (int number = 0; number < 24; number++)
        {
            Chart drawn = new ChartGenerator(random).Next();
            File.WriteAllBytes(Path.Combine(pictures, $"{number}.png"), PngFile.Encode(Chart.Size, Chart.Size, ChartPainter.Paint(drawn)));
            rows.AddRange(ChartQuestion.AskAll(drawn, random).Take(2).Select(question => $"{number}.png,\"{question.Query}\",{question.Answer}"));
        }
        File.WriteAllLines(Path.Combine(folder, "questions.csv"), rows);
        File.WriteAllLines(Path.Combine(folder, "charts", "train.tsv"), ["ImagePath\tQuestion\tAnswer", .. questions.Select(question => $"1.png\t{question.Query}\t{question.Answer}")]);
        File.WriteAllLines(Path.Combine(hub, "metadata.jsonl"), questions.Select(question => JsonSerializer.Serialize(new { file_name = "1.png", query = question.Query, label = (string[])[question.Answer] })));
        File.WriteAllLines(Path.Combine(folder, "pairs.jsonl"), questions.Select(question => JsonSerializer.Serialize(new { image = "1.png", prompt = question.Query, chosen = question.Answer, rejected = question.Wrong })));
    }

    private static void Copy(string from, string to)
    {
        Directory.CreateDirectory(to);
        foreach (string file in Directory.GetFiles(from))
        {
            File.Copy(file, Path.Combine(to, Path.GetFileName(file)));
        }
    }
}
