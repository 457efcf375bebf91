using System.Diagnostics;

namespace Microsoft.ML.Vlm.Training;

/// <summary>Gathers what a run reports, with the averages that TRL's log lines have.</summary>
/// <param name="totalSteps">Steps of the run.</param>
/// <param name="loggingSteps">Steps between two reports.</param>
/// <param name="onLog">Gets the reports; null for none.</param>
internal sealed class MetricsLog(int totalSteps, int loggingSteps, Action<VlmTrainingMetrics>? onLog)
{
    private readonly long _start = Stopwatch.GetTimestamp();
    private double _loss;
    private double _totalLoss;
    private double _accuracy;
    private double _entropy;
    private int _microBatches;
    private int _reportedStep;

    /// <summary>Tokens read.</summary>
    public long TokenCount { get; private set; }

    /// <summary>Mean loss of all steps so far.</summary>
    public double MeanLossOver(int steps) => _totalLoss / steps;

    /// <summary>Seconds since the start.</summary>
    public double ElapsedSeconds => Stopwatch.GetElapsedTime(_start).TotalSeconds;

    /// <summary>Counts a micro-batch in.</summary>
    /// <param name="tokens">Its tokens.</param>
    /// <param name="result">What the objective said; null when there was nothing to learn from it.</param>
    public void AddMicroBatch(long tokens, ObjectiveResult? result)
    {
        TokenCount += tokens;
        if (result is { } metrics)
        {
            _loss += metrics.Loss;
            _totalLoss += metrics.Loss;
            _accuracy += metrics.MeanTokenAccuracy;
            _entropy += metrics.Entropy;
            _microBatches++;
        }
    }

    /// <summary>Ends a step, and reports when it is time.</summary>
    /// <param name="step">Steps done.</param>
    /// <param name="epoch">Passes over the data done.</param>
    /// <param name="gradientNorm">Norm before clipping.</param>
    /// <param name="learningRate">The rate used.</param>
    public void EndStep(int step, double epoch, double gradientNorm, double learningRate)
    {
        if (step % loggingSteps != 0 && step != totalSteps)
        {
            return;
        }
        onLog?.Invoke(new VlmTrainingMetrics
        {
            Step = step,
            TotalSteps = totalSteps,
            Epoch = epoch,
            Loss = _loss / (step - _reportedStep),
            GradientNorm = gradientNorm,
            LearningRate = learningRate,
            MeanTokenAccuracy = _accuracy / _microBatches,
            Entropy = _entropy / _microBatches,
            TokenCount = TokenCount,
            ElapsedSeconds = ElapsedSeconds,
        });
        (_loss, _accuracy, _entropy, _microBatches, _reportedStep) = (0, 0, 0, 0, step);
    }
}
