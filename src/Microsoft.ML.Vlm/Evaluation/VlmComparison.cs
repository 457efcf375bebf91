using System.Globalization;
using System.Text;
using Microsoft.ML.Vlm.Evaluation;
using Microsoft.ML.Vlm.Notebooks;
using Microsoft.ML.Vlm.Reports;

namespace Microsoft.ML.Vlm;

/// <summary>Several models on the same rows: task metric, preferences, and what of the differences is more than chance.</summary>
/// <param name="Metric">How answers were compared with the right ones.</param>
/// <param name="Models">The models, in the order they were given.</param>
/// <param name="Differences">Each model against the one before it, and against the first one.</param>
/// <param name="Rows">Every row with all answers.</param>
/// <param name="ConfidenceLevel">Part of the resamplings that the intervals cover.</param>
[TypeFormatterSource(typeof(NotebookFormats), PreferredMimeTypes = [NotebookFormats.Html])]
public sealed record VlmComparison(
    VlmMetric Metric, IReadOnlyList<VlmComparedModel> Models, IReadOnlyList<VlmDifference> Differences, IReadOnlyList<VlmComparedRow> Rows, double ConfidenceLevel)
    : INotebookOutput
{
    /// <summary>Writes one page with the numbers, and with pictures, questions and the models' answers side by side. It needs no other file and no network.</summary>
    /// <param name="path">The file; replaced only once the page is complete.</param>
    public void SaveHtml(string path)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(path);
        HtmlPage.Save(path, ComparisonPage.Write(this));
    }

    /// <inheritdoc/>
    string? INotebookOutput.ToNotebook(string mimeType) => mimeType == NotebookFormats.Html ? ComparisonPage.WritePiece(this) : null;

    /// <summary>A line for each model and each difference. A notebook shows rows on which the models differ too, with their pictures.</summary>
    public override string ToString()
    {
        var text = new StringBuilder();
        int width = Models.Max(model => model.Name.Length);
        foreach (VlmComparedModel model in Models)
        {
            text.Append(CultureInfo.InvariantCulture, $"{model.Name.PadRight(width)}  {model.Metrics}");
            if (model.PreferenceAccuracy is double preference)
            {
                text.Append(CultureInfo.InvariantCulture, $", prefers the better answer in {100 * preference:0.0} % of the pairs");
            }
            if (model.RewardAccuracy is double reward)
            {
                text.Append(CultureInfo.InvariantCulture, $", reward accuracy {100 * reward:0.0} %");
            }
            text.Append('\n');
        }
        foreach (VlmDifference difference in Differences)
        {
            text.Append(CultureInfo.InvariantCulture, $"{difference.From} -> {difference.To}: {difference.Score} points");
            if (difference.Preference is { } preference)
            {
                text.Append(CultureInfo.InvariantCulture, $", preferences {preference}");
            }
            text.Append('\n');
        }
        return text.ToString();
    }
}
