using Microsoft.ML.Vlm.Processing;

namespace Microsoft.ML.Vlm.Training;

/// <summary>The rows of one optimizer step.</summary>
/// <param name="MicroBatches">Rows that are computed at once; at least one list, none of them empty.</param>
/// <param name="Epoch">Passes over the data done behind this step, with fractions.</param>
/// <param name="Next">Where the run stands behind this step; a checkpoint keeps it.</param>
internal sealed record TrainingWindow(IReadOnlyList<IReadOnlyList<VlmSample>> MicroBatches, double Epoch, SamplerState Next)
{
    /// <summary>All rows.</summary>
    public IEnumerable<VlmSample> Rows => MicroBatches.SelectMany(batch => batch);

    /// <summary>Cuts the data into windows, epoch after epoch without end. The last window and the last micro-batch of an epoch may be short.</summary>
    /// <param name="source">The data, not empty.</param>
    /// <param name="settings">Sizes.</param>
    /// <param name="from">Where to go on: what an earlier run over the same data left in <see cref="Next"/>; null starts at the beginning.</param>
    /// <exception cref="InvalidOperationException">An epoch has no rows, though the source counts some.</exception>
    public static IEnumerable<TrainingWindow> Read(ISampleSource source, TrainingSettings settings, SamplerState? from = null)
    {
        double batchesPerEpoch = Math.Ceiling((double)source.Count / settings.BatchSize);
        if (from is not null)
        {
            source.Restore(from.Order);
        }
        (long rows, long batches) = from is null ? (0, 0) : (from.Rows, from.Batches);
        for (int epoch = from?.Epoch ?? 0; ; epoch++, rows = 0, batches = 0)
        {
            foreach (VlmSample[][] window in source.Read(epoch, rows).Chunk(settings.BatchSize).Chunk(settings.GradientAccumulationSteps))
            {
                batches += window.Length;
                rows += window.Sum(batch => batch.Length);
                yield return new TrainingWindow(window, epoch + (batches / batchesPerEpoch), new SamplerState(epoch, rows, batches, source.OrderState));
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
