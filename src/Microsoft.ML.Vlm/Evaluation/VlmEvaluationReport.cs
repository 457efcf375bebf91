using System.Globalization;
using System.Text;
using Microsoft.ML.Vlm.Evaluation;
using Microsoft.ML.Vlm.Notebooks;
using Microsoft.ML.Vlm.Reports;

namespace Microsoft.ML.Vlm;

/// <summary>What an evaluation found: scores with intervals, by groups, and every row.</summary>
[TypeFormatterSource(typeof(NotebookFormats), PreferredMimeTypes = [NotebookFormats.Html])]
public sealed record VlmEvaluationReport : INotebookOutput
{
    /// <summary>Name of the task.</summary>
    public required string Task { get; init; }

    /// <summary>The metrics; rows are ordered by the first one.</summary>
    public required IReadOnlyList<VlmMetricResult> Metrics { get; init; }

    /// <summary>Every row, in the order of the data.</summary>
    public required IReadOnlyList<VlmScoredRow> Rows { get; init; }

    /// <summary>Part of the resamplings that the intervals cover.</summary>
    public required double ConfidenceLevel { get; init; }

    /// <summary>What was put behind each question; null when the answers were there already.</summary>
    public string? PromptSuffix { get; init; }

    /// <summary>How answers were generated; null when the answers were there already.</summary>
    public GenerationOptions? Generation { get; init; }

    /// <summary>Whether the loss depends on the images; null unless <see cref="VlmEvaluationOptions.ImageDependenceRows"/> asked for it and there are images.</summary>
    public VlmImageDependence? ImageDependence { get; init; }

    /// <summary>The mean of the first metric.</summary>
    public double Score => Metrics[0].Score.Mean;

    /// <summary>A metric by its name.</summary>
    /// <param name="metric">Such as <c>relaxed_accuracy</c>.</param>
    /// <exception cref="KeyNotFoundException">It was not computed.</exception>
    public VlmMetricResult this[string metric] => Metrics.FirstOrDefault(result => result.Name == metric)
        ?? throw new KeyNotFoundException($"There is no metric '{metric}'. There are: {string.Join(", ", Metrics.Select(result => result.Name))}.");

    /// <summary>Rows by the first metric, the worst ones first.</summary>
    public IEnumerable<VlmScoredRow> WorstFirst() => Rows.OrderBy(row => row.Scores[Metrics[0].Name]).ThenBy(row => row.Answer.Row);

    /// <summary>
    /// Everything but the pictures as JSON. The schema is stable: <c>version</c> is 1 and grows when a key changes its meaning; keys may be added. Numbers that are not finite are null.
    /// </summary>
    public string ToJson() => EvaluationJson.Write(this);

    /// <summary>Writes <see cref="ToJson"/> to a file.</summary>
    /// <param name="path">The file; replaced only once it is complete.</param>
    public void SaveJson(string path)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(path);
        HtmlPage.Save(path, ToJson());
    }

    /// <summary>Writes one page with the numbers, and with pictures, questions, right answers, answers and scores of the worst rows. It needs no other file, no network and no script.</summary>
    /// <param name="path">The file; replaced only once the page is complete.</param>
    public void SaveHtml(string path)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(path);
        HtmlPage.Save(path, EvaluationPage.Write(this));
    }

    /// <summary>The numbers for a model card (<see cref="HubPushOptions.Results"/>), with their intervals; those of groups too.</summary>
    /// <param name="dataset">Id of the data set on the hub; null for the name of the task.</param>
    /// <param name="split">Part of the data set, such as <c>test</c>, or null.</param>
    public HubCardResult ToCardResult(string? dataset = null, string? split = null)
    {
        (string Name, VlmScore Score)[] scores = [.. Metrics.SelectMany(metric => metric.Groups.Select(group => ($"{metric.Name} ({group.Key})", group.Value)).Prepend((metric.Name, metric.Score)))];
        return new HubCardResult
        {
            Dataset = dataset ?? Task,
            Split = split,
            Metrics = scores.ToDictionary(pair => pair.Name, pair => pair.Score.Mean),
            Details = scores.ToDictionary(pair => pair.Name, pair => FormattableString.Invariant($"{pair.Score.Low:0.####} to {pair.Score.High:0.####} ({100 * ConfidenceLevel:0.#} %), {pair.Score.Count} rows")),
        };
    }

    /// <inheritdoc/>
    string? INotebookOutput.ToNotebook(string mimeType) => mimeType == NotebookFormats.Html ? EvaluationPage.WritePiece(this) : null;

    /// <summary>A line for each metric and each group. A notebook shows the worst rows too, with their pictures.</summary>
    public override string ToString()
    {
        StringBuilder text = new();
        text.Append(CultureInfo.InvariantCulture, $"{Task}: {Rows.Count} rows, intervals of {100 * ConfidenceLevel:0.#} %\n");
        foreach (VlmMetricResult metric in Metrics)
        {
            text.Append(CultureInfo.InvariantCulture, $"  {metric}\n");
            foreach ((string group, VlmScore score) in metric.Groups)
            {
                text.Append(CultureInfo.InvariantCulture, $"    {group}: {metric.Show(score)} {(metric.IsPart ? "of" : "on")} {score.Count} rows\n");
            }
        }
        return ImageDependence is null ? text.ToString() : text.Append("  ").Append(ImageDependence).Append('\n').ToString();
    }
}
