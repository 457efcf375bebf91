using System.Diagnostics;
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

    /// <summary>Seconds that the step waited for its rows.</summary>
    public double WaitSeconds { get; init; }

    /// <summary>
    /// Cuts the data into windows, epoch after epoch without end. The last window of an epoch may be short, and so may its last micro-batch unless such are dropped.
    /// </summary>
    /// <param name="source">The data, not empty.</param>
    /// <param name="settings">Sizes.</param>
    /// <param name="from">Where to go on: what an earlier run over the same data left in <see cref="Next"/>; null starts at the beginning.</param>
    /// <exception cref="InvalidOperationException">An epoch gives no batch, though the source counts rows.</exception>
    public static IEnumerable<TrainingWindow> Read(ISampleSource source, TrainingSettings settings, SamplerState? from = null)
    {
        if (from is not null)
        {
            source.Restore(from.Order);
        }
        for (SamplerState at = from ?? new SamplerState(0, 0, 0, null!); ; at = new SamplerState(at.Epoch + 1, 0, 0, at.Order))
        {
            long start = Stopwatch.GetTimestamp();
            foreach (VlmSample[][] window in MicroBatching.Cut(source.Read(at.Epoch, at.Rows), row => row.Tokens.Length, settings).Chunk(settings.GradientAccumulationSteps))
            {
                double waited = Stopwatch.GetElapsedTime(start).TotalSeconds;
                at = new SamplerState(at.Epoch, at.Rows + window.Sum(batch => batch.Length), at.Batches + window.Length, source.OrderState);
                yield return new TrainingWindow(window, at.Epoch + DoneOf(at, source.Count, settings), at) { WaitSeconds = waited };
                start = Stopwatch.GetTimestamp();
            }
            if (at.Batches == 0)
            {
                throw new InvalidOperationException(settings.DropLast && source.Count < settings.BatchSize
                    ? $"{source.Count} rows do not fill one batch of {settings.BatchSize}, and DropLast leaves short batches out. Use a smaller batch, or keep the last one."
                    : $"The training data counts {source.Count} rows but gave none in epoch {at.Epoch}.");
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

    // By micro-batches as the reference counts, which is not the part of the rows when the last one is short. Batches by tokens have no number to divide by.
    private static double DoneOf(SamplerState at, long rows, TrainingSettings settings)
        => settings.MaxTokensPerBatch is null ? at.Batches / (double)settings.BatchesPerEpoch(rows) : at.Rows / (double)rows;
}
