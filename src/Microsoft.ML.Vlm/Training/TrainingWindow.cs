using Microsoft.ML.Vlm.Processing;

namespace Microsoft.ML.Vlm.Training;

/// <summary>The rows of one optimizer step.</summary>
/// <param name="MicroBatches">Rows that are computed at once; at least one list, none of them empty.</param>
/// <param name="Epoch">Passes over the data done behind this step, with fractions.</param>
internal sealed record TrainingWindow(IReadOnlyList<IReadOnlyList<VlmSample>> MicroBatches, double Epoch)
{
    /// <summary>All rows.</summary>
    public IEnumerable<VlmSample> Rows => MicroBatches.SelectMany(batch => batch);

    /// <summary>Cuts the data into windows, epoch after epoch without end. The last window and the last micro-batch of an epoch may be short.</summary>
    /// <param name="source">The data, not empty.</param>
    /// <param name="batchSize">Rows of a micro-batch.</param>
    /// <param name="accumulation">Micro-batches of a window.</param>
    /// <exception cref="InvalidOperationException">An epoch has no rows, though the source counts some.</exception>
    public static IEnumerable<TrainingWindow> Read(ISampleSource source, int batchSize, int accumulation)
    {
        double batchesPerEpoch = Math.Ceiling((double)source.Count / batchSize);
        for (int epoch = 0; ; epoch++)
        {
            int batches = 0;
            foreach (VlmSample[][] window in source.Read(epoch).Chunk(batchSize).Chunk(accumulation))
            {
                batches += window.Length;
                yield return new TrainingWindow(window, epoch + (batches / batchesPerEpoch));
            }
            if (batches == 0)
            {
                throw new InvalidOperationException($"The training data counts {source.Count} rows but gave none in epoch {epoch}.");
            }
        }
    }

    /// <summary>The rows' numbers for an error message, such as <c>rows 3, 7, 12</c>; the first ten.</summary>
    public static string Name(IEnumerable<VlmSample> rows)
    {
        long[] numbers = [.. rows.Select(row => row.Row)];
        string list = string.Join(", ", numbers.Take(10));
        return numbers.Length == 1 ? $"row {list}" : $"rows {list}{(numbers.Length > 10 ? $" and {numbers.Length - 10} more" : "")}";
    }
}
