using System.Globalization;
using System.Text;

namespace Microsoft.ML.Vlm;

/// <summary>Something about the data that an inspection found, at one row or at many.</summary>
/// <param name="IsError">Whether training would fail, or be of no use; otherwise it is a warning.</param>
/// <param name="Summary">What it is and what to do about it, in a sentence or two.</param>
/// <param name="Count">Rows it was found at; 0 when it is about the data as a whole.</param>
/// <param name="Rows">The first of these rows, at most 20, each as a line with its number, what was found and where.</param>
public sealed record VlmDataIssue(bool IsError, string Summary, long Count, IReadOnlyList<string> Rows)
{
    /// <summary>Most rows that <see cref="Rows"/> lists.</summary>
    public const int ListedRows = 20;

    /// <summary>The summary and the listed rows, a line each.</summary>
    public override string ToString()
    {
        StringBuilder text = new(IsError ? "error: " : "warning: ");
        text.Append(Summary);
        foreach (string row in Rows)
        {
            text.Append(CultureInfo.InvariantCulture, $"\n  {row}");
        }
        return Count > Rows.Count ? text.Append(CultureInfo.InvariantCulture, $"\n  and {Count - Rows.Count} more").ToString() : text.ToString();
    }
}
