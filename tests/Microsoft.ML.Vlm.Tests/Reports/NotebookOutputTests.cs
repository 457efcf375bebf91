using System.Reflection;
using Microsoft.ML.Vlm.Notebooks;

namespace Microsoft.ML.Vlm.Tests.Reports;

/// <summary>Notebooks know formatters by names alone, so nothing but a test notices when one changes.</summary>
public sealed class NotebookOutputTests
{
    public static TheoryData<string> Shown => [.. typeof(VlmGallery).Assembly.GetExportedTypes().Where(type => type.GetCustomAttribute<TypeFormatterSourceAttribute>() is not null).Select(type => type.Name)];

    [Theory]
    [MemberData(nameof(Shown))]
    public void A_value_that_shows_itself_has_the_form_that_it_names(string name)
    {
        Type type = typeof(VlmGallery).Assembly.GetExportedTypes().Single(type => type.Name == name);
        object attribute = type.GetCustomAttributes().Single(found => found.GetType().Name == "TypeFormatterSourceAttribute");
        string form = Assert.Single((string[])attribute.GetType().GetProperty("PreferredMimeTypes")!.GetValue(attribute)!);
        Assert.Equal(form != NotebookFormats.Text, type.IsAssignableTo(typeof(INotebookOutput)));
        Assert.True(type.GetMethod(nameof(ToString), [])!.DeclaringType == type, $"{name} shows its text, but has none of its own.");

        Type source = (Type)attribute.GetType().GetProperty("FormatterSourceType")!.GetValue(attribute)!;
        object[] formatters = [.. (IEnumerable<object>)source.GetMethod("CreateTypeFormatters")!.Invoke(Activator.CreateInstance(source), [])!];
        Assert.Contains(form, formatters.Select(formatter => formatter.GetType().GetProperty("MimeType")!.GetValue(formatter)));
        Assert.All(formatters, formatter => Assert.NotNull(formatter.GetType().GetMethod("Format", [typeof(object), typeof(TextWriter)])));
    }

    [Fact]
    public void An_evaluation_shows_its_worst_rows_and_a_comparison_those_where_models_differ()
    {
        VlmScoredRow Row(long row, double score) => new(new VlmAnsweredRow(row, $"<b>question {row}", ["right"], "answer"), new Dictionary<string, double> { ["exact_match"] = score }) { Pictures = [Tracking.RunSamples.Picture()] };
        VlmMetricResult metric = new("exact_match", new VlmScore(0.5, 0.4, 0.6, 2), new Dictionary<string, VlmScore>()) { IsPart = true };
        VlmEvaluationReport report = new() { Task = "ChartQA", Metrics = [metric], Rows = [Row(0, 1), Row(1, 0)], ConfidenceLevel = 0.95 };
        string html = ((INotebookOutput)report).ToNotebook(NotebookFormats.Html)!;
        Assert.StartsWith("<pre>ChartQA: 2 rows", html, StringComparison.Ordinal);
        Assert.True(html.IndexOf("&lt;b&gt;question 1", StringComparison.Ordinal) < html.IndexOf("&lt;b&gt;question 0", StringComparison.Ordinal));
        Assert.Equal(3, html.Split("width=\"160\" src=\"data:image/png;base64,").Length);

        VlmComparison comparison = new(VlmMetric.ExactMatch, [new VlmComparedModel("one", new VlmMetrics(VlmMetric.ExactMatch, 1, [1, 1]), null, null), new VlmComparedModel("two", new VlmMetrics(VlmMetric.ExactMatch, 0.5, [1, 0]), null, null)], [],
            [Compared(0, 1, 1), Compared(1, 1, 0)], 0.95);
        html = ((INotebookOutput)comparison).ToNotebook(NotebookFormats.Html)!;
        Assert.Contains("<th align=\"left\">one</th><th align=\"left\">two</th>", html, StringComparison.Ordinal);
        Assert.True(html.IndexOf("question 1", StringComparison.Ordinal) < html.IndexOf("question 0", StringComparison.Ordinal));

        static VlmComparedRow Compared(long row, double first, double second) => new(row, $"question {row}", ["right"], ["a", "b"], [first, second], []) { Pictures = [Tracking.RunSamples.Picture()] };
    }
}
