using System.Globalization;
using System.IO.Hashing;
using Microsoft.ML.Vlm.Chat;
using Microsoft.ML.Vlm.Components;
using Microsoft.ML.Vlm.Images;
using Microsoft.ML.Vlm.Processing;

namespace Microsoft.ML.Vlm.Dpo;

/// <summary>
/// Answers that are each good or bad. A row is a prompt with its answer and, behind the same prompt, the answer of the row before (before the first row that of the last): what the
/// divergence from the reference is estimated by. Which answer that is follows from the data alone, so that the reference is computed once.
/// </summary>
internal sealed class UnpairedRows : IPreferenceRows
{
    private const double LeastRatio = 1;
    private const double MostRatio = 4 / 3.0;
    private const int NamedRows = 10;

    private readonly VlmProcessor _processor;
    private readonly VlmKtoEstimator.Options _options;
    private readonly Dictionary<long, Row> _rows = [];

    private UnpairedRows(VlmProcessor processor, VlmKtoEstimator.Options options) => (_processor, _options) = (processor, options);

    /// <inheritdoc/>
    public IEnumerable<string> Remarks
    {
        get
        {
            int good = _rows.Values.Count(row => row.IsDesirable), bad = _rows.Count - good;
            double ratio = good * _options.DesirableWeight / (bad * _options.UndesirableWeight);
            if (good == 0 || bad == 0)
            {
                yield return $"All {_rows.Count:N0} answers are {(bad == 0 ? "good" : "bad")} ones; the model has nothing to tell them from.";
            }
            else if (ratio is < LeastRatio or > MostRatio)
            {
                // Both weights that would do, with the other one as it is (equation 9 of the paper).
                double low = LeastRatio * bad * _options.UndesirableWeight / good, high = MostRatio * bad * _options.UndesirableWeight / good;
                yield return string.Create(
                    CultureInfo.InvariantCulture,
                    $"There are {good} good and {bad} bad answers, weighted {ratio:F2} to 1; between 1 to 1 and 4 to 3 works best. A DesirableWeight between {low:G3} and {high:G3} would give that.");
            }
        }
    }

    /// <inheritdoc/>
    public IReadOnlyDictionary<string, string> Fingerprint
    {
        get
        {
            byte[] labels = [.. _rows.OrderBy(pair => pair.Key).Select(pair => pair.Value.IsDesirable ? (byte)1 : (byte)0)];
            return new Dictionary<string, string> { [$"column '{_options.DesirableColumnName}'"] = XxHash128.HashToUInt128(labels).ToString("x32", CultureInfo.InvariantCulture) };
        }
    }

    /// <summary>Reads the texts and labels of all rows.</summary>
    /// <param name="data">The data; its columns have been checked.</param>
    /// <param name="options">Names of columns, weights.</param>
    /// <param name="processor">The policy's.</param>
    /// <param name="checkAlive">Called for each row; throws to cancel.</param>
    /// <exception cref="InvalidDataException">An answer is empty or cannot be read, or there are fewer than two rows; names rows.</exception>
    public static UnpairedRows Read(IDataView data, VlmKtoEstimator.Options options, VlmProcessor processor, Action checkAlive)
    {
        VlmColumns columns = options.ToColumns() with { Images = [] };
        UnpairedRows rows = new(processor, options);
        DataViewSchema.Column label = data.Schema[options.DesirableColumnName];
        using DataViewRowCursor cursor = data.GetRowCursor(columns.Texts(data.Schema).Append(label));
        VlmRowReader reader = new(cursor, columns, readsLabel: true);
        ValueGetter<bool> isDesirable = cursor.GetGetter<bool>(label);
        List<long> empty = [];
        IReadOnlyList<VlmMessage>? before = null;
        long first = -1;
        while (cursor.MoveNext())
        {
            checkAlive();
            VlmExample example = reader.ReadUncheckedTexts();
            if (example.Completion is not { } completion || completion.All(turn => turn.Content.All(part => string.IsNullOrWhiteSpace(part.Text))))
            {
                empty.Add(example.Row);
                continue;
            }
            bool value = false;
            isDesirable(ref value);
            first = first < 0 ? example.Row : first;
            rows._rows.Add(example.Row, new Row(before ?? completion, value));
            before = completion;
        }
        if (empty.Count > 0)
        {
            string more = empty.Count > NamedRows ? $" and {empty.Count - NamedRows:N0} more" : "";
            throw new InvalidDataException(
                $"{(empty.Count == 1 ? "Row" : "Rows")} {string.Join(", ", empty.Take(NamedRows).Select(row => $"{row:N0}"))}{more}: the answer in '{options.CompletionColumnName}' is empty. Filter such rows out.");
        }
        if (rows._rows.Count == 1)
        {
            throw new InvalidDataException("The data has one row; the divergence from the reference is estimated with the answers of other rows, so at least two are needed.");
        }
        if (before is not null)
        {
            rows._rows[first] = rows._rows[first] with { Other = before };
        }
        return rows;
    }

    /// <inheritdoc/>
    public VlmSample Create(VlmExample example, ImageProcessor images, bool withSamples)
    {
        Row row = _rows[example.Row];
        return PreferencePair.Create(_processor, example with { Rejected = row.Other }, images, withSamples) with { IsDesirable = row.IsDesirable };
    }

    /// <summary>What is known of a row: the answer of another one, and the label.</summary>
    private readonly record struct Row(IReadOnlyList<VlmMessage> Other, bool IsDesirable);
}
