using System.Reflection;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;
using Microsoft.ML.Vlm.Cli.Commands;
using Microsoft.ML.Vlm.Cli.Projects;
using Microsoft.ML.Vlm.Cli.Settings;
using Microsoft.ML.Vlm.Dpo;

namespace Microsoft.ML.Vlm.Cli.Tests.Projects;

/// <summary>Options as code: what is written makes the same options again.</summary>
public sealed class CSharpInitializerTests
{
    // Secrets, what only a program has, and what is read besides.
    private static readonly string[] s_without =
    [
        "CustomMetrics", "CancellationToken", "EvaluationCallback", "EvaluationData", "MetricsCallback", "Progress", "RejectedRowCallback", "SaveCallback", "StepCallback", "Token", "Trackers",
    ];

    public static TheoryData<Type> Classes => new(
        typeof(VlmSftEstimator.Options), typeof(VlmDpoEstimator.Options), typeof(VlmKtoEstimator.Options), typeof(VlmScoringEstimator.Options), typeof(VlmDataOptions), typeof(VlmEvaluationOptions),
        typeof(VlmComparisonOptions), typeof(LoraOptions), typeof(QuantOptions), typeof(GenerationOptions), typeof(ImageOptions), typeof(HubOptions), typeof(VlmTask));

    [Theory]
    [MemberData(nameof(Classes))]
    public void Options_come_back_from_their_code_property_by_property(Type type)
    {
        PropertyInfo[] settings = [.. CSharpInitializer.Settings(type)];
        OptionObjects objects = new(new Random(1));
        object[] options =
        [
            objects.Create(type, OptionObjects.IsRequired),
            objects.Create(type, _ => true),
            .. settings.Select(alone => objects.Create(type, property => property == alone || OptionObjects.IsRequired(property))),
            .. Enumerable.Range(0, 30).Select(seed => new Random(seed)).Select(random => new OptionObjects(random).Create(type, property => OptionObjects.IsRequired(property) || random.Next(3) == 0)),
        ];
        string methods = string.Join('\n', options.Select((item, index) => $"    public static object Make{index}() => {CSharpInitializer.Write(item, indent: 4)};"));
        Type made = GeneratedCode.Compile($"using Microsoft.ML.Vlm;\nusing Microsoft.ML.Vlm.Dpo;\npublic static class Maker\n{{\n{methods}\n}}").GetType("Maker")!;
        for (int index = 0; index < options.Length; index++)
        {
            object again = made.GetMethod($"Make{index}")!.Invoke(null, null)!;
            if (settings.FirstOrDefault(property => !OptionObjects.Same(property.GetValue(options[index]), property.GetValue(again))) is { } lost)
            {
                Assert.Fail($"{lost.Name} of\n{CSharpInitializer.Write(options[index], 4)}");
            }
        }
    }

    [Theory]
    [MemberData(nameof(Classes))]
    public void Every_option_of_the_tool_can_be_written(Type type)
    {
        string[] written = [.. CSharpInitializer.Settings(type).Select(property => property.Name)];
        string[] missing = [.. type.GetProperties(BindingFlags.Instance | BindingFlags.Public).Where(OptionTable.IsSetting).Select(property => property.Name).Except(written)];
        Assert.Empty(missing.Except(s_without));
        Assert.Empty(TrainingMethod.All.SelectMany(method => method.Table.Entries).Where(entry => entry.Property.DeclaringType!.IsAssignableFrom(type)).Select(entry => entry.Property.Name).Except(written));
    }

    [Fact]
    public void Only_what_differs_from_a_new_object_is_written()
    {
        Assert.Equal("new LoraOptions()", CSharpInitializer.Write(new LoraOptions { Rank = 8, TargetModules = ["language"] }, 0));
        VlmSftEstimator.Options options = new()
        {
            ModelPath = "org/model",
            Quantization = new QuantOptions { Type = QuantizationType.Nf4 },
            Lora = new LoraOptions { Rank = 4, TargetModules = ["q_proj", "v_proj"] },
            LearningRate = 2e-5,
            Schedule = LearningRateSchedule.Polynomial(2),
            StopAfter = TimeSpan.FromMinutes(90),
            ReportTo = TrackerKind.Trackio | TrackerKind.Console,
            Hub = new HubOptions { Token = "secret" },
        };
        string code = CSharpInitializer.Write(options, indent: 0, ("EvaluationData", "Load()"));
        Assert.Equal("""
            new VlmSftEstimator.Options
            {
                ModelPath = "org/model",
                Hub = new HubOptions(),
                Quantization = QuantOptions.Nf4,
                Lora = new LoraOptions { Rank = 4, TargetModules = ["q_proj", "v_proj"] },
                LearningRate = 2e-5,
                Schedule = LearningRateSchedule.Polynomial(2, 1e-7),
                StopAfter = TimeSpan.FromMinutes(90),
                ReportTo = TrackerKind.Trackio | TrackerKind.Console,
                EvaluationData = Load(),
            }
            """.ReplaceLineEndings("\n").Split('\n').Order(), code.Split('\n').Order());
        Assert.Equal("new VlmDataOptions { ColumnMapping = { [\"frage\"] = \"Prompt\" }, MaxRows = 5 }", CSharpInitializer.Write(new VlmDataOptions { ColumnMapping = { ["frage"] = "Prompt" }, MaxRows = 5 }, 0));
    }

    [Fact]
    public void A_text_is_one_literal_whatever_is_in_it()
    {
        Random random = new(5);
        string Any() => string.Concat(Enumerable.Range(0, 20).Select(_ => random.Next(3) == 0 ? "\"\\\n\r{}$@/*'"[random.Next(11)] : (char)random.Next(char.MaxValue + 1)));
        foreach (string text in OptionObjects.Texts.Concat(Enumerable.Range(0, 500).Select(_ => Any())))
        {
            string code = CSharpText.Literal(text);
            LiteralExpressionSyntax literal = Assert.IsType<LiteralExpressionSyntax>(SyntaxFactory.ParseExpression(code, options: GeneratedCode.Language, consumeFullText: true));
            Assert.False(literal.ContainsDiagnostics, code);
            Assert.Equal(text, literal.Token.ValueText);
            Assert.DoesNotContain(code, unit => char.IsControl(unit) || unit is '\u2028' or '\u2029' or '\u202e' or '\u2066');
        }
        Assert.Equal("org/name@main", CSharpText.Word("org/name@main"));
        Assert.Equal("\"a b\"", CSharpText.Word("a b"));
        Assert.Equal("\"\"", CSharpText.Word(""));
    }
}
