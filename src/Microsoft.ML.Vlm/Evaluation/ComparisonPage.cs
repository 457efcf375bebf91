using System.Globalization;
using System.Text;
using Microsoft.ML.Vlm.Reports;

namespace Microsoft.ML.Vlm.Evaluation;

/// <summary>A comparison as one page of HTML, without scripts.</summary>
internal static class ComparisonPage
{
    private const int RowsOfPiece = 6;

    /// <summary>The page.</summary>
    public static string Write(VlmComparison comparison)
    {
        StringBuilder page = new();
        string names = string.Join(", ", comparison.Models.Select(model => model.Name));
        page.Append(CultureInfo.InvariantCulture, $"<h1>Comparison: {HtmlPage.Encode(names)}</h1>\n<p>{comparison.Rows.Count} rows, answers compared by {comparison.Metric}.</p>\n");
        WriteModels(page, comparison);
        WriteDifferences(page, comparison);
        VlmComparedRow[] shown = [.. ShownRows(comparison)];
        page.Append(CultureInfo.InvariantCulture, $"<h2>Answers</h2>\n<p>{shown.Length} of {comparison.Rows.Count} rows. The models differ on ");
        page.Append(CultureInfo.InvariantCulture, $"{comparison.Rows.Count(row => row.IsContested)} of all rows; these come first.</p>\n<div class=\"cards\">");
        foreach (VlmComparedRow row in shown)
        {
            WriteRow(page, comparison.Models, row);
        }
        return HtmlPage.Write("Comparison of models", page.Append("\n</div>").ToString());
    }

    /// <summary>A piece of a page: the numbers, and a few rows on which the models differ.</summary>
    public static string WritePiece(VlmComparison comparison)
    {
        IEnumerable<string> names = [.. comparison.Models.Select(model => model.Name)];
        return PictureTable.Columns(comparison.ToString()) + PictureTable.Write(["Images", "Question", .. names, "Right"], ShownRows(comparison).Take(RowsOfPiece).Select(row => (string[])
        [
            PictureTable.Pictures(row.Pictures!), PictureTable.Text(row.Question), .. row.Answers.Select(PictureTable.Text), PictureTable.Text(string.Join(" | ", row.References)),
        ]));
    }

    private static IOrderedEnumerable<VlmComparedRow> ShownRows(VlmComparison comparison)
        => comparison.Rows.Where(row => row.Pictures is not null).OrderByDescending(row => row.IsContested).ThenBy(row => row.Row);

    private static void WriteModels(StringBuilder page, VlmComparison comparison)
    {
        bool hasPreferences = comparison.Models.Any(model => model.PreferenceAccuracy is not null);
        page.Append(CultureInfo.InvariantCulture, $"<table><tr><th>model<th>{comparison.Metric}{(hasPreferences ? "<th>prefers the better answer<th>reward accuracy" : "")}\n");
        foreach (VlmComparedModel model in comparison.Models)
        {
            page.Append(CultureInfo.InvariantCulture, $"<tr><td>{HtmlPage.Encode(model.Name)}<td>{Percent(model.Metrics.Score)}");
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
            page.Append(CultureInfo.InvariantCulture, $"<tr><td>{HtmlPage.Encode(difference.From)}, {HtmlPage.Encode(difference.To)}<td{Class(difference.Score)}>{difference.Score}");
            page.Append(difference.Preference is { } preference ? $"<td{Class(preference)}>{preference}\n" : "\n");
        }
        page.Append("</table>\n");
    }

    private static void WriteRow(StringBuilder page, IReadOnlyList<VlmComparedModel> models, VlmComparedRow row)
    {
        page.Append("\n<div class=\"card\">");
        foreach (byte[] picture in row.Pictures!)
        {
            page.Append(HtmlPage.Picture(picture));
        }
        page.Append(CultureInfo.InvariantCulture, $"<div><b>{HtmlPage.Encode(row.Question)}</b></div>\n");
        for (int model = 0; model < models.Count; model++)
        {
            string style = row.Scores[model] >= 0.5 ? "right" : "wrong";
            page.Append(CultureInfo.InvariantCulture, $"<div class=\"{style}\"><span class=\"name\">{HtmlPage.Encode(models[model].Name)}</span> {HtmlPage.Encode(row.Answers[model])}</div>\n");
        }
        page.Append(CultureInfo.InvariantCulture, $"<div><span class=\"name\">right</span> {HtmlPage.Encode(string.Join(" | ", row.References))}</div></div>");
    }

    private static string Class(VlmInterval interval) => !interval.IsSignificant ? " class=\"chance\"" : interval.Low > 0 ? " class=\"right\"" : " class=\"wrong\"";

    private static string Percent(double? part) => part is double value ? FormattableString.Invariant($"{100 * value:0.0} %") : "";
}
