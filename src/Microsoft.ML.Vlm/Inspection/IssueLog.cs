using System.Globalization;

namespace Microsoft.ML.Vlm.Inspection;

/// <summary>Gathers issues by what they are; keeps the first rows of each and counts the rest.</summary>
internal sealed class IssueLog
{
    private readonly Dictionary<(bool IsError, string Summary), (long Count, List<string> Rows)> _issues = [];

    /// <summary>Notes a row.</summary>
    /// <param name="isError">Whether it is an error.</param>
    /// <param name="summary">What it is and what to do; equal texts are one issue. <c>{0}</c> stands for the number of rows.</param>
    /// <param name="line">The row, with its number and what was found.</param>
    public void Add(bool isError, string summary, string line)
    {
        (long count, List<string> rows) = _issues.GetValueOrDefault((isError, summary), (0, []));
        if (rows.Count < VlmDataIssue.ListedRows)
        {
            rows.Add(line);
        }
        _issues[(isError, summary)] = (count + 1, rows);
    }

    /// <summary>Notes something about the data as a whole.</summary>
    public void Add(bool isError, string summary) => _issues[(isError, summary)] = (0, []);

    /// <summary>The issues, errors first.</summary>
    public IReadOnlyList<VlmDataIssue> ToList() =>
    [
        .. _issues.OrderByDescending(pair => pair.Key.IsError).Select(pair => new VlmDataIssue(
            pair.Key.IsError, pair.Key.Summary.Replace("{0}", pair.Value.Count.ToString(CultureInfo.InvariantCulture), StringComparison.Ordinal), pair.Value.Count, pair.Value.Rows)),
    ];
}
