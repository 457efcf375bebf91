namespace Microsoft.ML.Vlm.Training;

/// <summary>Sums over the steps of a run, from which reports are averaged.</summary>
internal sealed record MetricSums
{
    /// <summary>Losses of the steps since the last report.</summary>
    public double Loss { get; set; }

    /// <summary>Losses of all steps.</summary>
    public double TotalLoss { get; set; }

    /// <summary>Token accuracies of the micro-batches since the last report.</summary>
    public double Accuracy { get; set; }

    /// <summary>Entropies of the micro-batches since the last report.</summary>
    public double Entropy { get; set; }

    /// <summary>Further metrics of the objective, by TRL's keys, over the micro-batches since the last report.</summary>
    public IDictionary<string, double> Values { get; init; } = new SortedDictionary<string, double>(StringComparer.Ordinal);

    /// <summary>Micro-batches since the last report that gave each of <see cref="Values"/>.</summary>
    public IDictionary<string, int> ValueCounts { get; init; } = new SortedDictionary<string, int>(StringComparer.Ordinal);

    /// <summary>Micro-batches since the last report that there was something to learn from.</summary>
    public int MicroBatches { get; set; }

    /// <summary>Step of the last report.</summary>
    public int ReportedStep { get; set; }

    /// <summary>Tokens read since the start of the run.</summary>
    public long TokenCount { get; set; }

    /// <summary>Rows read since the start of the run that had no token to train on.</summary>
    public long RowsWithoutTargets { get; set; }

    /// <summary>Seconds that earlier parts of the run took.</summary>
    public double EarlierSeconds { get; set; }

    /// <summary>Seconds since the start of the run that steps waited for their rows.</summary>
    public double WaitSeconds { get; set; }

    /// <summary>Begins the next report.</summary>
    /// <param name="step">Steps done.</param>
    public void Restart(int step)
    {
        (Loss, Accuracy, Entropy, MicroBatches, ReportedStep) = (0, 0, 0, 0, step);
        Values.Clear();
        ValueCounts.Clear();
    }
}
