using System.Globalization;
using System.Text;
using Microsoft.ML.Vlm.Notebooks;

namespace Microsoft.ML.Vlm;

/// <summary>What <c>mlContext.Vlm().Inspect</c> found in data before anything is trained.</summary>
[TypeFormatterSource(typeof(NotebookFormats), PreferredMimeTypes = [NotebookFormats.Text])]
public sealed record VlmDataReport
{
    /// <summary>Rows of the data.</summary>
    public required long RowCount { get; init; }

    /// <summary>Rows whose images were decoded and whose tokens were counted; of the others only the texts were looked at.</summary>
    public required long MeasuredCount { get; init; }

    /// <summary>Measured rows with at least one image.</summary>
    public required long RowsWithImages { get; init; }

    /// <summary>Images of the measured rows.</summary>
    public required long ImageCount { get; init; }

    /// <summary>Images of different content among them.</summary>
    public required long DistinctImageCount { get; init; }

    /// <summary>Tokens of the measured rows.</summary>
    public required long TokenCount { get; init; }

    /// <summary>Tokens that are the places of image features.</summary>
    public required long ImageTokenCount { get; init; }

    /// <summary>Tokens that are trained on.</summary>
    public required long TrainedTokenCount { get; init; }

    /// <summary>How long the measured rows are; null when there are none.</summary>
    public required VlmTokenLengths? Lengths { get; init; }

    /// <summary>Better and worse answers of the measured rows of preference data; null for all other data.</summary>
    public VlmAnswerCounts? Answers { get; init; }

    /// <summary>What is wrong or suspicious, errors first.</summary>
    public required IReadOnlyList<VlmDataIssue> Issues { get; init; }

    /// <summary>The first rows as the model reads them, with what is trained on.</summary>
    public required IReadOnlyList<VlmRowPreview> Previews { get; init; }

    /// <summary>Part of the measured tokens that is trained on, 0 to 1.</summary>
    public double TrainedShare => TokenCount == 0 ? 0 : (double)TrainedTokenCount / TokenCount;

    /// <summary>Whether there is an error, so that training would not start.</summary>
    public bool HasErrors => Issues.Any(issue => issue.IsError);

    /// <summary>Throws when there are errors.</summary>
    /// <exception cref="InvalidDataException">Lists the errors with their first rows.</exception>
    public void ThrowIfErrors()
    {
        if (HasErrors)
        {
            throw new InvalidDataException(string.Join('\n', Issues.Where(issue => issue.IsError).Select(issue => issue.ToString()["error: ".Length..])));
        }
    }

    /// <summary>Counts, lengths and issues, a few lines each.</summary>
    public override string ToString()
    {
        StringBuilder text = new();
        text.Append(CultureInfo.InvariantCulture, $"{RowCount} rows{(MeasuredCount < RowCount ? $", the first {MeasuredCount} measured" : "")}: ");
        text.Append(CultureInfo.InvariantCulture, $"{RowsWithImages} with images ({Percent(RowsWithImages, MeasuredCount)}), {ImageCount} images, {DistinctImageCount} distinct\n");
        if (Lengths is not null)
        {
            text.Append(CultureInfo.InvariantCulture, $"{Lengths}; {Percent(ImageTokenCount, TokenCount)} of images, {Percent(TrainedTokenCount, TokenCount)} trained\n");
        }
        if (Answers is not null)
        {
            text.Append(Answers).Append('\n');
        }
        foreach (VlmDataIssue issue in Issues)
        {
            text.Append(issue).Append('\n');
        }
        return text.Append(Issues.Count == 0 ? "nothing suspicious\n" : "").ToString();
    }

    private static string Percent(long part, long whole) => FormattableString.Invariant($"{(whole == 0 ? 0 : 100.0 * part / whole):0.#} %");
}
