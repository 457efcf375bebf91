using System.Globalization;
using System.Text;
using Microsoft.ML.Vlm.Reports;

namespace Microsoft.ML.Vlm.Tracking;

/// <summary>A run as one page of HTML: curves, warnings, answers with their pictures, options.</summary>
internal static class RunReportPage
{
    /// <summary>Name of the page in the run's folder.</summary>
    public const string FileName = "report.html";

    private const int ShownAnswers = 60;
    private const long LargestPicture = 8L << 20;

    // Charts in their order: heading, lines with their names.
    private static readonly (string Title, (string Key, string Name)[] Lines)[] s_charts =
    [
        ("Loss", [("train/loss", "training"), ("eval/loss", "evaluation")]),
        ("Token accuracy", [("train/mean_token_accuracy", "training"), ("eval/mean_token_accuracy", "evaluation")]),
        ("Learning rate", [("train/learning_rate", "")]),
        ("Gradient norm", [("train/grad_norm", "")]),
        ("Tokens a second", [("train/tokens_per_second", "")]),
        ("Part of the time that steps wait for rows", [("train/data_wait", "")]),
        ("Memory of the process (GiB)", [("system/memory_gib", "now"), ("system/peak_memory_gib", "peak")]),
        ("Memory of the GPU that is taken (GiB)", [("system/device_memory_gib", "")]),
        ("Entropy (nats)", [("train/entropy", "training"), ("eval/entropy", "evaluation")]),
    ];

    // Counters and durations make straight lines.
    private static readonly HashSet<string> s_notDrawn =
    [
        "train/global_step", "train/epoch", "train/num_tokens", "eval/num_tokens", "eval/runtime", "eval/samples_per_second", "eval/steps_per_second",
    ];

    /// <summary>The page of a run's folder.</summary>
    /// <param name="folder">A folder with <see cref="RunLog.FileName"/>.</param>
    /// <exception cref="FileNotFoundException">The folder has none.</exception>
    /// <exception cref="InvalidDataException">It starts no run.</exception>
    public static string Write(string folder) => Write(RunHistory.Read(folder), name => ReadPicture(folder, name));

    /// <summary>The page of a run.</summary>
    /// <param name="history">What it reported.</param>
    /// <param name="picture">Gives a picture by its name; null when there is none.</param>
    public static string Write(RunHistory history, Func<string, byte[]?> picture)
    {
        RunStart run = history.Start!;
        StringBuilder page = new();
        string state = history.State switch { RunState.Finished => "finished", RunState.Cancelled => "cancelled", RunState.Failed => "failed", _ => "has not ended" };
        int steps = history.Series.TryGetValue("train/loss", out SortedDictionary<int, double>? losses) ? losses.Keys.Last() : 0;
        page.Append(CultureInfo.InvariantCulture, $"<h1>{HtmlPage.Encode(run.Name)}</h1>\n<p>Run of project {HtmlPage.Encode(run.Project)}, begun {history.FirstTime:yyyy-MM-dd HH:mm} UTC: {state} ");
        page.Append(CultureInfo.InvariantCulture, $"behind step {steps} of {run.TotalSteps}, {ProgressLine.Duration(history.LastTime - history.FirstTime)}{(run.IsResumed ? ", resumed from a checkpoint" : "")}.</p>\n");
        WriteAlerts(page, history);
        WriteCharts(page, history);
        WriteAnswers(page, history, picture);
        WriteNumbers(page, history);
        WriteTable(page, "Data and model", run.Summary, isOpen: true);
        WriteTable(page, "Options", run.Configuration, isOpen: false);
        WriteTable(page, "Environment", run.Environment, isOpen: false);
        return HtmlPage.Write($"Run {run.Name}", page.ToString());
    }

    private static void WriteAlerts(StringBuilder page, RunHistory history)
    {
        if (history.Alerts.Count == 0)
        {
            return;
        }
        page.Append("<h2>Warnings</h2>\n<ul>\n");
        foreach (RunAlert alert in history.Alerts)
        {
            string step = alert.Step is int done ? string.Create(CultureInfo.InvariantCulture, $" <span class=\"soft\">(step {done})</span>") : "";
            page.Append(CultureInfo.InvariantCulture, $"<li{(alert.Level == RunAlertLevel.Error ? " class=\"wrong\"" : "")}>{HtmlPage.Encode(alert.Text)}{step}\n");
        }
        page.Append("</ul>\n");
    }

    private static void WriteCharts(StringBuilder page, RunHistory history)
    {
        page.Append("<h2>Curves</h2>\n<div class=\"charts\">\n");
        foreach ((string title, (string Key, string Name)[] lines) in s_charts.Concat(OtherCharts(history)))
        {
            page.Append(LineChart.Draw(title, [.. lines.Where(line => history.Series.ContainsKey(line.Key)).Select(line => new ChartSeries(line.Name, [.. history.Series[line.Key].Select(pair => ((double)pair.Key, pair.Value))]))]));
        }
        page.Append("</div>\n");
    }

    // What the objective reports besides, such as rewards: training and evaluation in one chart.
    private static IEnumerable<(string Title, (string Key, string Name)[] Lines)> OtherCharts(RunHistory history)
    {
        HashSet<string> drawn = [.. s_charts.SelectMany(chart => chart.Lines.Select(line => line.Key)), .. s_notDrawn];
        return history.Series.Keys.Where(key => !drawn.Contains(key)).Select(key => key[(key.IndexOf('/', StringComparison.Ordinal) + 1)..]).Distinct()
            .Select(name => (name, new[] { ($"train/{name}", "training"), ($"eval/{name}", "evaluation") }));
    }

    private static void WriteAnswers(StringBuilder page, RunHistory history, Func<string, byte[]?> picture)
    {
        if (history.Answers.Count == 0)
        {
            return;
        }
        (int first, IReadOnlyList<RunHistory.AnswerRecord> before) = history.Answers.First();
        (int last, IReadOnlyList<RunHistory.AnswerRecord> answers) = history.Answers.Last();
        page.Append(CultureInfo.InvariantCulture, $"<h2>Answers behind step {last}</h2>\n<div class=\"cards\">");
        foreach (RunHistory.AnswerRecord answer in answers.Take(ShownAnswers))
        {
            page.Append("\n<div class=\"card\">");
            page.AppendJoin("", answer.Images.Select(picture).OfType<byte[]>().Select(HtmlPage.Picture));
            page.Append(CultureInfo.InvariantCulture, $"<div><b>{HtmlPage.Encode(answer.Prompt)}</b></div>\n");
            if (first != last && before.FirstOrDefault(earlier => earlier.Row == answer.Row) is { } old)
            {
                page.Append(CultureInfo.InvariantCulture, $"<div><span class=\"name\">step {first}</span> {Answer(old)}</div>\n");
            }
            page.Append(CultureInfo.InvariantCulture, $"<div><span class=\"name\">step {last}</span> {Answer(answer)}</div>\n");
            page.Append(answer.Label is null ? "</div>" : $"<div><span class=\"name\">right</span> {HtmlPage.Encode(answer.Label)}</div></div>");
        }
        page.Append("\n</div>\n");
    }

    // Another wording may be right as well, so only equal answers are marked.
    private static string Answer(RunHistory.AnswerRecord answer)
        => string.Equals(answer.Label?.Trim(), answer.Response.Trim(), StringComparison.OrdinalIgnoreCase) ? $"<span class=\"right\">{HtmlPage.Encode(answer.Response)}</span>" : HtmlPage.Encode(answer.Response);

    private static void WriteNumbers(StringBuilder page, RunHistory history)
    {
        page.Append("<h2>Numbers</h2>\n<div class=\"scroll\"><table><tr><th>metric<th>first<th>last<th>least<th>most\n");
        foreach ((string name, SortedDictionary<int, double> series) in history.Series)
        {
            page.Append(CultureInfo.InvariantCulture, $"<tr><td>{HtmlPage.Encode(name)}<td>{series.Values.First():G5}<td>{series.Values.Last():G5}<td>{series.Values.Min():G5}<td>{series.Values.Max():G5}\n");
        }
        page.Append("</table></div>\n");
    }

    private static void WriteTable(StringBuilder page, string title, IReadOnlyDictionary<string, string> values, bool isOpen)
    {
        page.Append(CultureInfo.InvariantCulture, $"<details{(isOpen ? " open" : "")}><summary><b>{title}</b></summary><table class=\"texts\">\n");
        foreach ((string name, string value) in values)
        {
            page.Append(CultureInfo.InvariantCulture, $"<tr><td>{HtmlPage.Encode(name)}<td>{HtmlPage.Encode(value)}\n");
        }
        page.Append("</table></details>\n");
    }

    private static byte[]? ReadPicture(string folder, string name)
    {
        FileInfo file = new(Path.Combine(folder, RunLog.ImageFolder, name));
        return file.Exists && file.Length <= LargestPicture ? File.ReadAllBytes(file.FullName) : null;
    }
}
