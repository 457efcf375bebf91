using System.Diagnostics;

namespace Microsoft.ML.Vlm.Training;

/// <summary>Gathers what a run reports, with the averages that TRL's log lines have.</summary>
/// <param name="state">State of the run; gets the sums and the history.</param>
/// <param name="totalSteps">Steps of the run.</param>
/// <param name="loggingSteps">Steps between two reports.</param>
/// <param name="onLog">Gets the reports; null for none.</param>
internal sealed class MetricsLog(TrainingState state, int totalSteps, int loggingSteps, Action<VlmTrainingMetrics>? onLog)
{
    private readonly long _start = Stopwatch.GetTimestamp();
    private readonly double _earlierSeconds = state.Sums.EarlierSeconds;

    /// <summary>Seconds that the run has taken, without the time between its parts.</summary>
    public double ElapsedSeconds => _earlierSeconds + Stopwatch.GetElapsedTime(_start).TotalSeconds;

    /// <summary>Counts a step in that has just been done, and reports when it is time.</summary>
    /// <param name="outcome">What it gave.</param>
    /// <param name="learningRate">The rate used.</param>
    public void EndStep(StepOutcome outcome, double learningRate)
    {
        MetricSums sums = state.Sums;
        foreach (ObjectiveResult result in outcome.Results)
        {
            sums.Loss += result.Loss;
            sums.TotalLoss += result.Loss;
            sums.Accuracy += result.MeanTokenAccuracy;
            sums.Entropy += result.Entropy;
            sums.MicroBatches++;
            foreach ((string key, double value) in result.Values ?? new Dictionary<string, double>())
            {
                sums.Values[key] = (sums.Values.TryGetValue(key, out double sum) ? sum : 0) + value;
                sums.ValueCounts[key] = (sums.ValueCounts.TryGetValue(key, out int count) ? count : 0) + 1;
            }
        }
        sums.TokenCount += outcome.TokenCount;
        sums.RowsWithoutTargets += outcome.RowsWithoutTargets;
        sums.WaitSeconds += outcome.WaitSeconds;
        sums.EarlierSeconds = ElapsedSeconds;
        if (state.Step % loggingSteps == 0 || state.Step == totalSteps)
        {
            Report(outcome.GradientNorm, learningRate);
        }
    }

    /// <summary>What the run did.</summary>
    public TrainingSummary Summarize()
        => new(state.Step, state.Sums.TotalLoss / state.Step, state.Sums.TokenCount, state.Sums.RowsWithoutTargets, ElapsedSeconds, state.Sums.WaitSeconds);

    private void Report(double gradientNorm, double learningRate)
    {
        MetricSums sums = state.Sums;
        VlmTrainingMetrics metrics = new()
        {
            Step = state.Step,
            TotalSteps = totalSteps,
            Epoch = state.Epoch,
            Loss = sums.Loss / (state.Step - sums.ReportedStep),
            GradientNorm = gradientNorm,
            LearningRate = learningRate,
            MeanTokenAccuracy = sums.Accuracy / sums.MicroBatches,
            Entropy = sums.Entropy / sums.MicroBatches,
            TokenCount = sums.TokenCount,
            ElapsedSeconds = ElapsedSeconds,
            DataWaitSeconds = sums.WaitSeconds,
            Values = sums.Values.ToDictionary(pair => pair.Key, pair => pair.Value / sums.ValueCounts[pair.Key]),
        };
        sums.Restart(state.Step);
        state.History.Add(MetricKeys.Of(metrics));
        onLog?.Invoke(metrics);
    }
}
