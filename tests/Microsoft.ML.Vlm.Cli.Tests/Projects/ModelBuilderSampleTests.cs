using System.Text.RegularExpressions;
using ChartFactory;

namespace Microsoft.ML.Vlm.Cli.Tests.Projects;

/// <summary>The project in samples/ModelBuilder is what the tool writes, and it works.</summary>
public sealed partial class ModelBuilderSampleTests : IDisposable
{
    /// <summary>The repository.</summary>
    internal static readonly string Root = FindRoot();

    private static readonly string s_sample = Path.Combine(Root, "samples", "ModelBuilder");

    private readonly ProjectWorld _world = new();

    public void Dispose() => _world.Dispose();

    [Fact]
    public void The_tool_writes_the_sample_and_it_trains_answers_and_is_tested()
    {
        Copy(Path.Combine(s_sample, "data"), _world.Path("ModelBuilder/data"));
        Copy(Path.Combine(Root, "samples", "Charts", "model"), _world.Path("Charts/model"));
        Environment.CurrentDirectory = _world.Path("ModelBuilder");
        string[] words = Command().Match(File.ReadAllText(Path.Combine(s_sample, "Program.cs"))).Groups[1].Value.Split(' ');
        ToolRun.Of(words).Succeeded();
        string[] files = [.. Directory.GetFiles(_world.Path("ModelBuilder")).Select(file => Path.GetFileName(file)).Order(StringComparer.Ordinal)];
        Assert.Equal(files, Directory.GetFiles(s_sample, "*.cs").Concat(Directory.GetFiles(s_sample, "*.csproj")).Select(file => Path.GetFileName(file)).Order(StringComparer.Ordinal));
        Assert.All(files, file => Assert.Equal(File.ReadAllText(Path.Combine(s_sample, file)).ReplaceLineEndings("\n"), File.ReadAllText(_world.Path($"ModelBuilder/{file}"))));

        // The same project, but for a run of a few steps and rows.
        ToolRun.Of([.. words.Select(word => word == "." ? "../Quick" : word), "--max_steps", "4", "--max_eval_samples", "10"]).Succeeded();
        Type project = _world.Enter("Quick", "ChartAnswers");
        ProjectWorld.Call(project, "Train");
        VlmEvaluationReport report = Assert.IsType<VlmEvaluationReport>(ProjectWorld.Call(project, "Evaluate"));
        Assert.Equal(10, report.Rows.Count);
        string answer = (string)ProjectWorld.Call(project, "Ask", "how many bars are there ?", (string[])["../ModelBuilder/data/images/train_0000.png"])!;
        Assert.Contains(report.Rows.Select(row => row.Answer.Response).Append(answer), text => text.Trim().Length > 0);
        ((IDisposable)project.GetProperty("Model")!.GetValue(null)!).Dispose();
    }

    [Fact]
    public void The_charts_are_those_that_the_factory_draws()
    {
        string[] Lines(string folder, string name) => File.ReadAllLines(Path.Combine(folder, name));
        string data = Path.Combine(s_sample, "data"), drawn = _world.Path("drawn");
        ChartSet.Write(drawn, Lines(data, "train.jsonl").Length, Lines(data, "test.jsonl").Length, seed: 1);
        Assert.Equal(Lines(drawn, "train.jsonl"), Lines(data, "train.jsonl"));
        Assert.Equal(Lines(drawn, "test.jsonl"), Lines(data, "test.jsonl"));
        Assert.Equal(Names(drawn), Names(data));

        static IEnumerable<string?> Names(string folder) => Directory.GetFiles(Path.Combine(folder, "images")).Select(Path.GetFileName).Order(StringComparer.Ordinal);
    }

    private static string FindRoot()
    {
        string root = AppContext.BaseDirectory;
        while (!File.Exists(Path.Combine(root, "VlmMlNet.sln")))
        {
            root = Path.GetDirectoryName(root) ?? throw new DirectoryNotFoundException("The tests do not run in the repository.");
        }
        return root;
    }

    private static void Copy(string from, string to)
    {
        foreach (string file in Directory.GetFiles(from, "*", SearchOption.AllDirectories))
        {
            string target = Path.Combine(to, Path.GetRelativePath(from, file));
            Directory.CreateDirectory(Path.GetDirectoryName(target)!);
            File.Copy(file, target);
        }
    }

    [GeneratedRegex("^//   vlm (.+)$", RegexOptions.Multiline)]
    private static partial Regex Command();
}
