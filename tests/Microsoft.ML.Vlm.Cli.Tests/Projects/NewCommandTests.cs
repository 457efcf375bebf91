using System.Reflection;
using System.Text.RegularExpressions;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;
using Microsoft.ML.Vlm.Cli.Projects;
using Microsoft.ML.Vlm.Tests.Conformance;

namespace Microsoft.ML.Vlm.Cli.Tests.Projects;

/// <summary>Projects that are written from a command line: they compile, train, answer and are tested, and nothing gets into them that is not theirs.</summary>
public sealed partial class NewCommandTests : IDisposable
{
    private readonly ProjectWorld _world = new();

    public void Dispose() => _world.Dispose();

    [Fact]
    public void A_project_for_questions_about_images_trains_answers_and_is_tested()
    {
        foreach (string part in (string[])["train", "validation", "test"])
        {
            _world.Rows($"data/{part}.jsonl", 4, index => new { image = $"{index % 3}.png", query = $"which color {index}?", label = new[] { "red", "crimson" }, human_or_machine = index % 2 });
        }
        File.Copy(_world.Path("0.png"), _world.Path("data/0.png"));
        File.Copy(_world.Path("1.png"), _world.Path("data/1.png"));
        File.Copy(_world.Path("2.png"), _world.Path("data/2.png"));
        ToolRun run = ToolRun.Of(["new", "sft", "--name", "ChartAnswers", "--output_folder", "projects/charts", .. ProjectWorld.Short, "--dataset_name", "data", "--lr_scheduler_type", "polynomial",
            "--lr_scheduler_kwargs", "power=2"]).Succeeded();
        Assert.Equal(5, run.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Length);
        string training = File.ReadAllText(_world.Path("projects/charts/ChartAnswers.training.cs")), evaluation = File.ReadAllText(_world.Path("projects/charts/ChartAnswers.evaluate.cs"));
        foreach (string line in (string[])[
            "MaxSteps = 2,", "Lora = new LoraOptions { Rank = 2 },", "Schedule = LearningRateSchedule.Polynomial(2, 1e-7),", "EvaluationData = LoadValidationData(mlContext),", "Seed = 42,",
            "mlContext.Data.LoadVlm(\"../../data\")", "mlContext.Data.LoadVlm(\"../../data\", new VlmDataOptions { Split = \"validation\" })"])
        {
            Assert.Contains(line, training, StringComparison.Ordinal);
        }
        foreach (string line in (string[])["Split = \"test\"", "Metric = VlmMetric.RelaxedAccuracy", "FurtherMetrics = [VlmMetric.ExactMatch]", "LabelColumnName = \"label\"", "GroupColumnName = \"human_or_machine\""])
        {
            Assert.Contains(line, evaluation, StringComparison.Ordinal);
        }

        Type project = _world.Enter("projects/charts", "ChartAnswers");
        Assert.Contains("train first", Assert.Throws<TargetInvocationException>(() => ProjectWorld.Call(project, "Ask", "which color?", (string[])["../../0.png"])).InnerException!.Message, StringComparison.Ordinal);
        ProjectWorld.Call(project, "Train");
        Assert.True(File.Exists("ChartAnswers.zip"));
        Assert.True(Directory.Exists("trainer_output"));
        string[] answers = new string[8];
        Parallel.For(0, answers.Length, index => answers[index] = (string)ProjectWorld.Call(project, "Ask", "which color?", (string[])["../../0.png"])!);
        Assert.Single(answers.Distinct());
        object input = Activator.CreateInstance(project.GetNestedType("ModelInput")!)!;
        input.GetType().GetProperty("Prompt")!.SetValue(input, "which color?");
        input.GetType().GetProperty("Image")!.SetValue(input, ImageSequence.FromFiles(["../../0.png"]));
        object output = ProjectWorld.Call(project, "Predict", input)!;
        Assert.Equal(answers[0], output.GetType().GetProperty("Response")!.GetValue(output));
        Assert.InRange((float)output.GetType().GetProperty("Score")!.GetValue(output)!, -100, 0);

        VlmEvaluationReport report = Assert.IsType<VlmEvaluationReport>(ProjectWorld.Call(project, "Evaluate"));
        Assert.Equal((4, "relaxed_accuracy"), (report.Rows.Count, report.Metrics[0].Name));
        Assert.Equal(["augmented", "human"], report.Metrics[0].Groups.Keys.Order());
        Assert.All(report.Rows, row => Assert.Equal(["red", "crimson"], row.Answer.References));
        Assert.True(File.Exists("ChartAnswers.evaluation.html"));
        Assert.True(File.Exists("ChartAnswers.evaluation.json"));
        ((IDisposable)project.GetProperty("Model")!.GetValue(null)!).Dispose();
    }

    [Fact]
    public void A_project_for_preferences_compares_with_the_model_before()
    {
        _world.Rows("pairs.jsonl", 24, index => new { image = $"{index % 3}.png", prompt = $"which color {index}?", chosen = "red", rejected = $"I think {index}" });
        ToolRun run = ToolRun.Of(["new", "dpo", "--name", "Aligned", .. ProjectWorld.Short, "--dataset_name", "pairs.jsonl", "--loss_type", "sigmoid", "sft", "--loss_weights", "1", "0.2"]).Succeeded();
        Assert.Contains("20 % of its rows are held out", run.Error, StringComparison.Ordinal);
        string training = File.ReadAllText(_world.Path("Aligned/Aligned.training.cs"));
        Assert.Contains("LossTypes = [DpoLossType.Sigmoid, DpoLossType.Sft],", training, StringComparison.Ordinal);
        Assert.Contains("LossWeights = [1, 0.2],", training, StringComparison.Ordinal);
        Assert.Contains("Microsoft.ML.Vlm.Dpo", File.ReadAllText(_world.Path("Aligned/Aligned.csproj")), StringComparison.Ordinal);

        Type project = _world.Enter("Aligned", "Aligned");
        ProjectWorld.Call(project, "Train");
        Assert.NotEmpty((string)ProjectWorld.Call(project, "Ask", "which color?", (string[])["../0.png"])!);
        VlmComparison comparison = Assert.IsType<VlmComparison>(ProjectWorld.Call(project, "Evaluate"));
        Assert.Equal(["before", "Aligned"], comparison.Models.Select(model => model.Name));
        Assert.All(comparison.Models, model => Assert.InRange(model.PreferenceAccuracy!.Value, 0, 1));
        Assert.InRange(comparison.Rows.Count, 1, 8);
        ((IDisposable)project.GetProperty("Model")!.GetValue(null)!).Dispose();
    }

    [Fact]
    public void A_project_for_good_and_bad_answers_tells_them_apart()
    {
        _world.Rows("judged.jsonl", 24, index => new { prompt = $"which color {index}?", completion = index % 2 == 0 ? "red" : "no idea", label = index % 2 == 0 });
        ToolRun.Of(["new", "kto", "--name", "Judged", .. ProjectWorld.Short, "--dataset_name", "judged.jsonl"]).Succeeded();
        Type project = _world.Enter("Judged", "Judged");
        ProjectWorld.Call(project, "Train");
        VlmEvaluationReport report = Assert.IsType<VlmEvaluationReport>(ProjectWorld.Call(project, "Evaluate"));
        Assert.Equal("rouge_l", report.Metrics[0].Name);
        Assert.All(report.Metrics[0].Groups.Keys, group => Assert.True(bool.TryParse(group, out _), group));
        ((IDisposable)project.GetProperty("Model")!.GetValue(null)!).Dispose();
    }

    [Fact]
    public void A_project_for_several_data_sets_mixes_them()
    {
        _world.Rows("a.jsonl", 40, index => new { image = $"{index % 3}.png", question = $"which color {index}?", answer = "red" });
        _world.Rows("b.jsonl", 6, index => new { frage = $"what {index}?", antwort = "blue" });
        File.WriteAllText(_world.Path("run.yaml"), """
            datasets:
              - path: a.jsonl
                fraction: 0.5
              - path: b.jsonl
                fraction: 1
                column_mapping: {frage: prompt, antwort: completion}
            """);
        ToolRun.Of(["new", "sft", "--name", "Mixed", .. ProjectWorld.Short, "--config", "run.yaml", "--max_train_samples", "30"]).Succeeded();
        ToolRun.Of(["new", "sft", "--name", "Twice", .. ProjectWorld.Short, "--datasets", "a.jsonl,fraction=2"]).Failed(ExitCode.Usage, "cannot be held out");
        string training = File.ReadAllText(_world.Path("Mixed/Mixed.training.cs"));
        Assert.Contains("new VlmMixturePart(mlContext.Data.LoadVlm(\"../a.jsonl\")) { Fraction = 0.5 },", training, StringComparison.Ordinal);
        Assert.Contains("ColumnMapping = { [\"frage\"] = \"prompt\", [\"antwort\"] = \"completion\" }", training, StringComparison.Ordinal);
        Type project = _world.Enter("Mixed", "Mixed");
        Assert.InRange(((IDataView)ProjectWorld.Call(project, "LoadData", new MLContext())!).Preview(100).RowView.Length, 12, 29);
        ProjectWorld.Call(project, "Train");
        Assert.NotEmpty(Assert.IsType<VlmEvaluationReport>(ProjectWorld.Call(project, "Evaluate")).Rows);
        ((IDisposable)project.GetProperty("Model")!.GetValue(null)!).Dispose();
    }

    [Fact]
    public async Task A_project_names_models_and_data_of_the_hub_by_their_ids()
    {
        await using HubWorld hub = await HubWorld.StartAsync();
        ToolRun.Of("new", "sft", "--name", "Charts", "--model_name_or_path", HubWorld.Model, "--dataset_name", HubWorld.Dataset, "--max_steps", "1", "--max_new_tokens", "4", "--lora_r", "2").Succeeded();
        string training = File.ReadAllText(_world.Path("Charts/Charts.training.cs")), evaluation = File.ReadAllText(_world.Path("Charts/Charts.evaluate.cs"));
        Assert.Contains($"ModelPath = \"{HubWorld.Model}\",", training, StringComparison.Ordinal);
        Assert.Contains($"mlContext.Data.LoadVlm(\"{HubWorld.Dataset}\");", training, StringComparison.Ordinal);
        Assert.Contains("Split = \"validation\"", training, StringComparison.Ordinal);
        Assert.DoesNotContain("Hub", training.Replace("HuggingFace", "", StringComparison.Ordinal), StringComparison.Ordinal);
        Assert.Contains("GroupColumnName = \"human_or_machine\"", evaluation, StringComparison.Ordinal);
        Type project = _world.Enter("Charts", "Charts");
        ProjectWorld.Call(project, "Train");
        Assert.Equal(3, Assert.IsType<VlmEvaluationReport>(ProjectWorld.Call(project, "Evaluate")).Rows.Count);
        ((IDisposable)project.GetProperty("Model")!.GetValue(null)!).Dispose();
    }

    [Fact]
    public void A_project_for_conversations_asks_in_turns()
    {
        _world.Rows("talks.jsonl", 20, index => new
        {
            image = $"{index % 3}.png",
            messages = new object[] { new { role = "user", content = $"<image>which color {index}?" }, new { role = "assistant", content = "red" } },
        });
        ToolRun.Of(["new", "sft", "--name", "Talk", .. ProjectWorld.Short, "--dataset_name", "talks.jsonl", "--score_column_name", "none", "--output_column_name", "Said so"]).Succeeded();
        Type project = _world.Enter("Talk", "Talk");
        ProjectWorld.Call(project, "Train");
        Assert.NotNull(ProjectWorld.Call(project, "Ask", "which color?", (string[])["../0.png"]));
        VlmEvaluationReport report = Assert.IsType<VlmEvaluationReport>(ProjectWorld.Call(project, "Evaluate"));
        Assert.All(report.Rows, row => Assert.Equal(["red"], row.Answer.References));
        Assert.Null(project.GetNestedType("ModelOutput")!.GetProperty("Score"));
        ((IDisposable)project.GetProperty("Model")!.GetValue(null)!).Dispose();
    }

    [Fact]
    public void A_project_for_plain_texts_has_no_test()
    {
        _world.Rows("texts.jsonl", 6, index => new { text = $"text number {index}" });
        ToolRun run = ToolRun.Of(["new", "sft", "--name", "Prose", .. ProjectWorld.Short, "--dataset_name", "texts.jsonl"]).Succeeded();
        Assert.Contains("no evaluation", run.Error, StringComparison.Ordinal);
        Assert.False(File.Exists(_world.Path("Prose/Prose.evaluate.cs")));
        Type project = _world.Enter("Prose", "Prose");
        ProjectWorld.Call(project, "Train");
        Assert.NotNull(ProjectWorld.Call(project, "Ask", "text number"));
        ((IDisposable)project.GetProperty("Model")!.GetValue(null)!).Dispose();
    }

    [Fact]
    public void Hostile_texts_stay_texts()
    {
        const string Evil = "x\"; } static int Owned = 1; // \n */ public class Evil { } {0} \u2028 \\\"";
        string file = OperatingSystem.IsWindows() ? "rows.jsonl" : "a\"; } class Evil { } \n.jsonl";
        _world.Rows(file, 4, index => new { image = "0.png", frage = "which color?", antwort = "red" });
        ToolRun.Of(["new", "sft", "--name", "Safe", .. ProjectWorld.Short, "--dataset_name", file, "--column_mapping", "frage=Prompt", "antwort=Label", "--output_column_name", Evil, "--stop_strings", Evil,
            "--lora_target_modules", "regex:.*q_proj", "--score_column_name", "S\"c", "--output_dir", "out\"; }"]).Succeeded();
        foreach (string source in _world.Sources("Safe"))
        {
            CompilationUnitSyntax unit = CSharpSyntaxTree.ParseText(source, GeneratedCode.Language).GetCompilationUnitRoot();
            Assert.False(unit.ContainsDiagnostics, source);
            Assert.DoesNotContain(unit.DescendantNodes().OfType<ClassDeclarationSyntax>(), type => type.Identifier.Text is not ("Safe" or "ModelInput" or "ModelOutput"));
            Assert.DoesNotContain(unit.DescendantTokens(), token => token.Text is "Evil" or "Owned");
        }
        Type project = _world.Enter("Safe", "Safe");
        ProjectWorld.Call(project, "Train");
        Assert.NotNull(ProjectWorld.Call(project, "Ask", "which color?", (string[])["../0.png"]));
        ((IDisposable)project.GetProperty("Model")!.GetValue(null)!).Dispose();
    }

    [Fact]
    public void Files_that_are_there_are_left_alone_unless_asked()
    {
        _world.Rows("rows.jsonl", 4, index => new { question = "what?", answer = "that" });
        string[] words = ["new", "sft", "--name", "Mine", .. ProjectWorld.Short, "--dataset_name", "rows.jsonl"];
        Directory.CreateDirectory(_world.Path("Mine"));
        File.WriteAllText(_world.Path("Mine/Program.cs"), "mine");
        ToolRun.Of(words).Failed(ExitCode.Usage, "is there already and is left as it is");
        Assert.Equal(["Program.cs"], Directory.GetFiles(_world.Path("Mine")).Select(Path.GetFileName));
        Assert.Equal("mine", File.ReadAllText(_world.Path("Mine/Program.cs")));
        ToolRun.Of([.. words, "--force"]).Succeeded();
        Assert.NotEqual("mine", File.ReadAllText(_world.Path("Mine/Program.cs")));
        Assert.Equal(5, Directory.GetFileSystemEntries(_world.Path("Mine")).Length);
        ToolRun.Of([.. words, "--output_folder", "rows.jsonl"]).Failed(ExitCode.Usage, "is a file");
    }

    [Theory]
    [InlineData("chartAnswers", "cannot name a class")]
    [InlineData("Chart Answers", "cannot name a class")]
    [InlineData("Chart-Answers", "cannot name a class")]
    [InlineData("../Evil", "cannot name a class")]
    [InlineData("A\n", "cannot name a class")]
    [InlineData("Ä", "cannot name a class")]
    [InlineData("Console", "the code uses")]
    [InlineData("MLContext", "the code uses")]
    [InlineData("VlmTransformer", "the code uses")]
    [InlineData("List", "the code uses")]
    [InlineData("Train", "the code uses")]
    [InlineData("ModelInput", "the code uses")]
    [InlineData("Con", "the code uses")]
    public void A_name_that_cannot_be_one_is_refused(string name, string message)
        => ToolRun.Of(["new", "sft", $"--name={name}", .. ProjectWorld.Short, "--dataset_name", "nowhere.jsonl"]).Failed(ExitCode.Usage, message);

    [Theory]
    [InlineData("--hub_endpoint", "https://me:hunter2@hub.example")]
    [InlineData("--run_name", "hf_abcdefghijklmnopqrstuvwxyz")]
    [InlineData("--project", "my-own-token-1")]
    public void Secrets_do_not_get_into_code(string option, string value)
    {
        _world.Rows("rows.jsonl", 4, index => new { question = "what?", answer = "that" });
        StringWriter output = new(), error = new();
        ToolConsole console = new() { Output = output, Error = error, Input = TextReader.Null, Variable = name => name == "HF_TOKEN" ? "my-own-token-1" : null };
        Assert.Equal(ExitCode.Usage, new VlmTool(console).Run(["new", "sft", "--name", "Leak", .. ProjectWorld.Short, "--dataset_name", "rows.jsonl", option, value]));
        Assert.Contains("code is no place for one", error.ToString(), StringComparison.Ordinal);
        Assert.DoesNotContain(value, error.ToString(), StringComparison.Ordinal);
        Assert.False(Directory.Exists(_world.Path("Leak")));
    }

    [Fact]
    public void Wrong_options_are_refused_before_data_is_looked_at()
    {
        ToolRun.Of(["new", "sft", "--name", "Mine", .. ProjectWorld.Short, "--dataset_name", "nowhere", "--learning_rate", "-1"]).Failed(ExitCode.Usage, "learning_rate must be above 0");
        ToolRun.Of(["new", "sft", "--name", "Mine", .. ProjectWorld.Short, "--dataset_name", "nowhere", "--output_column_name", "none"]).Failed(ExitCode.Usage, "would give no answers");
        ToolRun.Of(["new", "sft", "--name", "Mine", .. ProjectWorld.Short]).Failed(ExitCode.Usage, "dataset_name is missing");
        ToolRun.Of(["new", "sft", .. ProjectWorld.Short]).Failed(ExitCode.Usage, "name is missing");
        Assert.False(Directory.Exists(_world.Path("Mine")));
    }

    [Fact]
    public void Versions_are_those_of_this_repository()
    {
        string packages = File.ReadAllText(Path.Combine(ModelBuilderSampleTests.Root, "Directory.Packages.props"));
        string Pinned(string name) => Regex.Match(packages, $"Include=\"{Regex.Escape(name)}\" Version=\"([^\"]+)\"").Groups[1].Value;
        Assert.Equal((Pinned("libtorch-cpu-linux-x64"), Pinned("libtorch-cpu-win-x64"), Pinned("libtorch-cpu-osx-arm64")), (ProjectPart.LibtorchVersion, ProjectPart.LibtorchVersion, ProjectPart.LibtorchVersion));
        Assert.Equal(ProjectPart.CudaVersion, Pinned("TorchSharp-cuda-linux"));
        Assert.Matches(VersionForm(), ProjectPart.Version);
    }

    [Fact]
    public void Paths_that_are_read_count_from_the_project()
    {
        Directory.CreateDirectory(_world.Path("a/b"));
        ProjectPaths paths = new("a");
        Assert.Equal("b", paths.Relocate("a/b"));
        Assert.Equal("../data/*.parquet", paths.Relocate("data/*.parquet"));
        Assert.Equal("org/model@v1", paths.Relocate("org/model@v1"));
        Assert.Equal(TinyVlm.Folder, paths.Relocate(TinyVlm.Folder));
        VlmSftEstimator.Options options = new() { ModelPath = "a/b", OutputDirectory = "a", FeatureCacheDirectory = "a/b", AdapterPath = "not/there", Hub = new HubOptions { CacheDirectory = "a" } };
        paths.Relocate(options);
        Assert.Equal(("b", "a", "b", "not/there", "."), (options.ModelPath, options.OutputDirectory, options.FeatureCacheDirectory, options.AdapterPath, options.Hub!.CacheDirectory));
    }

    [GeneratedRegex(@"^[0-9]+\.[0-9]+\.[0-9]+(-[a-z0-9.]+)?$")]
    private static partial Regex VersionForm();
}
