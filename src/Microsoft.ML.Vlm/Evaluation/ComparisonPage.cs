using System.Globalization;
using System.Net;
using System.Text;

namespace Microsoft.ML.Vlm.Evaluation;

/// <summary>A comparison as one page of HTML, without scripts.</summary>
internal static class ComparisonPage
{
    private const string Style = """
        body { font: 16px/1.5 system-ui, sans-serif; max-width: 72rem; margin: 2rem auto; padding: 0 1rem; color: #222 }
        table { border-collapse: collapse; margin: 1rem 0 } th, td { border-bottom: 1px solid #ddd; padding: .3rem .8rem; text-align: right }
        th:first-child, td:first-child { text-align: left }
        .cards { display: grid; grid-template-columns: repeat(auto-fill, minmax(20rem, 1fr)); gap: 1rem }
        .card { border: 1px solid #ddd; border-radius: .5rem; padding: 1rem; overflow-wrap: anywhere }
        .card img { display: block; max-width: 100%; min-width: 40%; max-height: 20rem; margin: 0 auto .5rem }
        .card .name { display: inline-block; min-width: 4rem; color: #777 }
        .right { color: #187018 } .wrong { color: #a02020 } .chance { color: #777 }
        """;

    /// <summary>The page.</summary>
    public static string Write(VlmComparison comparison)
    {
        StringBuilder page = new();
        page.Append(CultureInfo.InvariantCulture, $"""
            <!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">
            <title>Comparison of models</title><style>{Style}</style>
            <h1>Comparison: {Encode(string.Join(", ", comparison.Models.Select(model => model.Name)))}</h1>
            <p>{comparison.Rows.Count} rows, answers compared by {comparison.Metric}.</p>

            """);
        WriteModels(page, comparison);
        WriteDifferences(page, comparison);
        VlmComparedRow[] shown = [.. comparison.Rows.Where(row => row.Pictures is not null).OrderByDescending(row => row.IsContested).ThenBy(row => row.Row)];
        page.Append(CultureInfo.InvariantCulture, $"<h2>Answers</h2>\n<p>{shown.Length} of {comparison.Rows.Count} rows. The models differ on ");
        page.Append(CultureInfo.InvariantCulture, $"{comparison.Rows.Count(row => row.IsContested)} of all rows; these come first.</p>\n<div class=\"cards\">");
        foreach (VlmComparedRow row in shown)
        {
            WriteRow(page, comparison.Models, row);
        }
        return page.Append("\n</div></html>\n").ToString();
    }

    private static void WriteModels(StringBuilder page, VlmComparison comparison)
    {
        bool hasPreferences = comparison.Models.Any(model => model.PreferenceAccuracy is not null);
        page.Append(CultureInfo.InvariantCulture, $"<table><tr><th>model<th>{comparison.Metric}{(hasPreferences ? "<th>prefers the better answer<th>reward accuracy" : "")}\n");
        foreach (VlmComparedModel model in comparison.Models)
        {
            page.Append(CultureInfo.InvariantCulture, $"<tr><td>{Encode(model.Name)}<td>{Percent(model.Metrics.Score)}");
            page.Append(hasPreferences ? $"<td>{Percent(model.PreferenceAccuracy)}<td>{Percent(model.RewardAccuracy)}\n" : "\n");
        }
        page.Append("</table>\n");
    }

    private static void WriteDifferences(StringBuilder page, VlmComparison comparison)
    {
        bool hasPreferences = comparison.Differences.Any(difference => difference.Preference is not null);
        page.Append(CultureInfo.InvariantCulture, $"<p>Differences in points, with the {100 * comparison.ConfidenceLevel:0.#} % interval of a paired bootstrap; grey ones may be chance.</p>\n");
        page.Append(CultureInfo.InvariantCulture, $"<table><tr><th>from, to<th>{comparison.Metric}{(hasPreferences ? "<th>prefers the better answer" : "")}\n");
        foreach (VlmDifference difference in comparison.Differences)
        {
            page.Append(CultureInfo.InvariantCulture, $"<tr><td>{Encode(difference.From)}, {Encode(difference.To)}<td{Class(difference.Score)}>{difference.Score}");
            page.Append(difference.Preference is { } preference ? $"<td{Class(preference)}>{preference}\n" : "\n");
        }
        page.Append("</table>\n");
    }

    private static void WriteRow(StringBuilder page, IReadOnlyList<VlmComparedModel> models, VlmComparedRow row)
    {
        page.Append("\n<div class=\"card\">");
        foreach (byte[] picture in row.Pictures!)
        {
            page.Append(CultureInfo.InvariantCulture, $"<img alt=\"\" src=\"data:image/png;base64,{Convert.ToBase64String(picture)}\">\n");
        }
        page.Append(CultureInfo.InvariantCulture, $"<div><b>{Encode(row.Question)}</b></div>\n");
        for (int model = 0; model < models.Count; model++)
        {
            string style = row.Scores[model] >= 0.5 ? "right" : "wrong";
            page.Append(CultureInfo.InvariantCulture, $"<div class=\"{style}\"><span class=\"name\">{Encode(models[model].Name)}</span> {Encode(row.Answers[model])}</div>\n");
        }
        page.Append(CultureInfo.InvariantCulture, $"<div><span class=\"name\">right</span> {Encode(string.Join(" | ", row.References))}</div></div>");
    }

    private static string Class(VlmInterval interval) => !interval.IsSignificant ? " class=\"chance\"" : interval.Low > 0 ? " class=\"right\"" : " class=\"wrong\"";

    private static string Percent(double? part) => part is double value ? FormattableString.Invariant($"{100 * value:0.0} %") : "";

    // Questions and answers are text from outside: nothing of them may become part of the page's own code.
    private static string Encode(string text) => WebUtility.HtmlEncode(text);
}
