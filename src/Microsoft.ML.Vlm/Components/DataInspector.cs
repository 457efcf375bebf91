using Microsoft.ML.Vlm.Inspection;
using Microsoft.ML.Vlm.Processing;

namespace Microsoft.ML.Vlm.Components;

/// <summary>Reads data for a survey: all texts, and the images of as many rows as are asked for.</summary>
/// <param name="columns">Names; their types have been checked.</param>
/// <param name="processor">Of the model that is to be trained.</param>
/// <param name="rows">How rows are prepared for training.</param>
/// <param name="endTokens">Tokens that end an answer when the model generates.</param>
/// <param name="checkAlive">Called for each row; throws to cancel.</param>
internal sealed class DataInspector(VlmColumns columns, VlmProcessor processor, TrainingRows rows, IReadOnlyCollection<int> endTokens, Action checkAlive)
{
    /// <summary>Rows that the policy for long rows leaves out.</summary>
    public IReadOnlySet<long> LeftOut { get; private set; } = new HashSet<long>();

    /// <summary>What is suspicious about the data as a whole, found before.</summary>
    public IReadOnlyList<string> Remarks { get; init; } = [];

    /// <summary>Looks at the data.</summary>
    /// <param name="data">The training data.</param>
    /// <param name="testData">Data to test on, whose images are looked for in the training data; null for none.</param>
    /// <param name="measuredRows">Rows from the start whose images are decoded; null for all.</param>
    /// <param name="shownRows">Rows to preview.</param>
    public VlmDataReport Inspect(IDataView data, IDataView? testData, long? measuredRows, int shownRows)
    {
        RowSurvey survey = new(processor, rows, endTokens, shownRows);
        string[] unread = [.. columns.UnreadImages(data.Schema)];
        if (unread.Length > 0)
        {
            survey.Warn($"Columns with images that are not read: {string.Join(", ", unread)}. Name them in ImageColumnNames.");
        }
        foreach (string remark in Remarks)
        {
            survey.Warn(remark);
        }
        int? mostImages = columns.MostImages(data.Schema);
        Visit(data, columns.Trained(data.Schema), survey, (reader, row) =>
        {
            if (row < (measuredRows ?? long.MaxValue))
            {
                survey.Add(reader.ReadTraining());
            }
            else
            {
                survey.AddTexts(reader.ReadTexts(), mostImages);
            }
        });
        if (testData is not null)
        {
            Visit(testData, columns.Needed(testData.Schema, VlmOutputs.Response | VlmOutputs.Score), survey, (reader, _) => survey.AddTest(reader.ReadQuestion()));
        }
        LeftOut = survey.LeftOut;
        return survey.Report();
    }

    private void Visit(IDataView data, IEnumerable<DataViewSchema.Column> needed, RowSurvey survey, Action<VlmRowReader, long> visit)
    {
        using DataViewRowCursor cursor = data.GetRowCursor(needed);
        VlmRowReader reader = new(cursor, columns, readsLabel: true);
        for (long row = 0; cursor.MoveNext(); row++)
        {
            checkAlive();
            try
            {
                visit(reader, row);
            }
            catch (Exception exception) when (exception is not (OperationCanceledException or OutOfMemoryException))
            {
                // Loaders throw what they like for a file that is missing or broken.
                string name = FormattableString.Invariant($"Row {row:N0}");
                survey.AddFault(exception.Message.StartsWith(name, StringComparison.Ordinal) ? exception.Message : $"{name}: {exception.Message}");
            }
        }
    }
}
