using System.Globalization;
using System.Text;
using Microsoft.ML.Vlm.Reports;

namespace Microsoft.ML.Vlm.Evaluation;

/// <summary>An evaluation as one page of HTML, without scripts: numbers, then the rows that went worst.</summary>
internal static class EvaluationPage
{
    private const int RowsOfPiece = 6;

    /// <summary>The page.</summary>
    public static string Write(VlmEvaluationReport report)
    {
        StringBuilder page = new();
        page.Append(CultureInfo.InvariantCulture, $"<h1>Evaluation: {HtmlPage.Encode(report.Task)}</h1>\n<p>{report.Rows.Count} rows; in brackets the {100 * report.ConfidenceLevel:0.#} % interval of a bootstrap over the rows.</p>\n");
        WriteMetrics(page, report);
        if (report.PromptSuffix is { Length: > 0 } suffix)
        {
            page.Append(CultureInfo.InvariantCulture, $"<p>Behind each question: <q>{HtmlPage.Encode(suffix.Trim())}</q></p>\n");
        }
        if (report.Generation is { } generation)
        {
            page.Append(CultureInfo.InvariantCulture, $"<p>Answers of at most {generation.MaxNewTokens} tokens, {(generation.Temperature == 0 ? "greedy" : $"drawn at temperature {generation.Temperature:0.##}")}.</p>\n");
        }
        if (report.ImageDependence is { } dependence)
        {
            page.Append(CultureInfo.InvariantCulture, $"<p{(dependence.Helps ? "" : " class=\"wrong\"")}>Images: {HtmlPage.Encode(dependence.Warning ?? dependence.ToString())}</p>\n");
        }
        VlmScoredRow[] shown = [.. report.WorstFirst().Where(row => row.Pictures is not null)];
        page.Append(CultureInfo.InvariantCulture, $"<h2>Answers</h2>\n<p>{shown.Length} of {report.Rows.Count} rows, the worst by {HtmlPage.Encode(report.Metrics[0].Name)} first.</p>\n<div class=\"cards\">");
        foreach (VlmScoredRow row in shown)
        {
            WriteRow(page, report, row);
        }
        return HtmlPage.Write($"Evaluation: {report.Task}", page.Append("\n</div>").ToString());
    }

    /// <summary>A piece of a page: the numbers, and a few of the worst rows.</summary>
    public static string WritePiece(VlmEvaluationReport report)
    {
        VlmScoredRow[] shown = [.. report.WorstFirst().Where(row => row.Pictures is not null).Take(RowsOfPiece)];
        return PictureTable.Columns(report.ToString()) + PictureTable.Write(["Images", "Question", "Answer", "Right", report.Metrics[0].Name], shown.Select(row => (string[])
        [
            PictureTable.Pictures(row.Pictures!), PictureTable.Text(row.Answer.Question), PictureTable.Text(row.Answer.Response), PictureTable.Text(string.Join(" | ", row.Answer.References.Distinct())),
            string.Create(CultureInfo.InvariantCulture, $"{row.Scores[report.Metrics[0].Name]:0.###}"),
        ]));
    }

    private static void WriteMetrics(StringBuilder page, VlmEvaluationReport report)
    {
        string[] groups = [.. report.Metrics[0].Groups.Keys];
        page.Append("<div class=\"scroll\"><table><tr><th>metric<th>all rows");
        foreach (string group in groups)
        {
            page.Append(CultureInfo.InvariantCulture, $"<th>{HtmlPage.Encode(group)}, {report.Metrics[0].Groups[group].Count} rows");
        }
        foreach (VlmMetricResult metric in report.Metrics)
        {
            page.Append(CultureInfo.InvariantCulture, $"\n<tr><td>{HtmlPage.Encode(metric.Name)}<td>{metric.Show(metric.Score)}");
            foreach (string group in groups)
            {
                page.Append(CultureInfo.InvariantCulture, $"<td>{metric.Show(metric.Groups[group])}");
            }
        }
        page.Append("\n</table></div>\n");
    }

    private static void WriteRow(StringBuilder page, VlmEvaluationReport report, VlmScoredRow row)
    {
        VlmAnsweredRow answer = row.Answer;
        page.Append("\n<div class=\"card\">");
        foreach (byte[] picture in row.Pictures!)
        {
            page.Append(HtmlPage.Picture(picture));
        }
        string group = answer.Group is null ? "" : $", {answer.Group}";
        page.Append(CultureInfo.InvariantCulture, $"<div class=\"soft\">row {answer.Row}{HtmlPage.Encode(group)}</div>\n<div style=\"white-space: pre-line\"><b>{HtmlPage.Encode(answer.Question)}</b></div>\n");
        string style = row.Scores[report.Metrics[0].Name] >= 0.5 ? "right" : "wrong";
        page.Append(CultureInfo.InvariantCulture, $"<div class=\"{style}\"><span class=\"name\">answer</span> {HtmlPage.Encode(answer.Response)}</div>\n");
        page.Append(CultureInfo.InvariantCulture, $"<div><span class=\"name\">right</span> {HtmlPage.Encode(string.Join(" | ", answer.References.Distinct()))}</div>\n");
        string scores = string.Join(", ", row.Scores.Select(score => string.Create(CultureInfo.InvariantCulture, $"{score.Key} {score.Value:0.###}")));
        page.Append(CultureInfo.InvariantCulture, $"<div class=\"soft\">{HtmlPage.Encode(scores)}</div></div>");
    }
}
