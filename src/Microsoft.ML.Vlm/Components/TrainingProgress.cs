using System.Globalization;
using Microsoft.ML.Runtime;
using Microsoft.ML.Vlm.Adapters;
using Microsoft.ML.Vlm.Models;
using Microsoft.ML.Vlm.Torch;
using Microsoft.ML.Vlm.Training;

namespace Microsoft.ML.Vlm.Components;

/// <summary>Reports a run to ML.NET's progress channel, to <c>MLContext.Log</c> and to the user's callback.</summary>
internal sealed class TrainingProgress : IDisposable
{
    // A wait is worth a remark when it takes a tenth of the time, and not in runs that are over before one could act.
    private const double LongWaitShare = 0.1;
    private const double LongWaitSeconds = 5;

    private readonly IChannel _channel;
    private readonly IProgressChannel _progress;
    private readonly Action<VlmTrainingMetrics>? _callback;
    private VlmTrainingMetrics? _last;

    /// <summary>Starts the progress channel.</summary>
    public TrainingProgress(IHost host, IChannel channel, Action<VlmTrainingMetrics>? callback)
    {
        _channel = channel;
        _callback = callback;
        _progress = host.StartProgressChannel("Fine-tuning");
        _progress.SetHeader(new ProgressHeader(["Loss"], ["steps"]), entry =>
        {
            entry.SetProgress(0, _last?.Step ?? 0, _last?.TotalSteps ?? 0);
            entry.SetMetric(0, _last?.Loss ?? double.NaN);
        });
    }

    /// <summary>Writes the first line: what is going to happen.</summary>
    public void Start(ISampleSource source, TrainingSettings settings, VisionLanguageModel model, AdapterSet? adapters)
    {
        long all = model.Weights.Values.Sum(weight => weight.Shape.Aggregate(1L, (count, size) => count * size));
        string trained = adapters is null ? $"all {all} weights train" : $"an adapter of {adapters.Parameters.Sum(tensor => tensor.numel())} weights trains on a model of {all}";
        string step = settings.MaxTokensPerBatch is int tokens ? $"{settings.GradientAccumulationSteps} x {tokens} tokens at most" : $"{settings.RowsPerStep} rows";
        MLNetHost.Info(_channel, $"{source.Count} rows, {settings.TotalSteps(source)} steps of {step}; {trained}; seed {settings.Seed}; on {ComputeDevice.Describe(model.Device)}");
        MLNetHost.Info(_channel, TrainingTree.Describe(TrainableParameters.Of(model, adapters, settings), model, settings));
    }

    /// <summary>Passes one report on.</summary>
    public void Report(VlmTrainingMetrics metrics)
    {
        _last = metrics;
        _progress.Checkpoint(metrics.Loss, metrics.Step);
        string values = string.Concat(metrics.Values.Select(pair => string.Create(CultureInfo.InvariantCulture, $", {pair.Key} {pair.Value:G3}")));
        MLNetHost.Info(_channel, string.Create(
            CultureInfo.InvariantCulture,
            $"step {metrics.Step}/{metrics.TotalSteps}, epoch {metrics.Epoch:F2}: loss {metrics.Loss:F4}, token accuracy {metrics.MeanTokenAccuracy:F3}, "
            + $"gradient norm {metrics.GradientNorm:G3}, learning rate {metrics.LearningRate:G3}, {metrics.TokenCount / Math.Max(metrics.ElapsedSeconds, 1e-3):F0} tokens/s{values}"));
        _callback?.Invoke(metrics);
    }

    /// <summary>Writes an evaluation, and the answers that were generated.</summary>
    public void Report(VlmEvaluation evaluation)
    {
        MLNetHost.Info(_channel, string.Create(
            CultureInfo.InvariantCulture,
            $"evaluation behind step {evaluation.Step}: loss {evaluation.Loss:F4}, token accuracy {evaluation.MeanTokenAccuracy:F3}, {evaluation.RowCount} rows{(evaluation.IsBest ? ", the best so far" : "")}"));
        foreach (VlmEvaluatedRow row in evaluation.Answers)
        {
            MLNetHost.Info(_channel, $"evaluation row {row.Row}: '{row.Prompt}' gives '{row.Response}'{(row.Label is null ? "" : $", right is '{row.Label}'")}");
        }
    }

    /// <summary>Writes the last line.</summary>
    public void Finish(TrainingSummary summary)
    {
        if (summary.RowsWithoutTargets > 0)
        {
            MLNetHost.Warning(_channel, $"{summary.RowsWithoutTargets} rows had no token to train on.");
        }
        if (summary.WaitSeconds > LongWaitSeconds && summary.WaitSeconds > LongWaitShare * summary.ElapsedSeconds)
        {
            MLNetHost.Warning(_channel, string.Create(
                CultureInfo.InvariantCulture,
                $"{summary.WaitSeconds:F0} of {summary.ElapsedSeconds:F0} seconds were spent waiting for rows to be decoded, resized and tokenized. More PrefetchThreads, smaller picture files, "
                + $"or room for all image features (FeatureCacheBytes, FeatureCacheDirectory) shorten that."));
        }
        MLNetHost.Info(_channel, string.Create(
            CultureInfo.InvariantCulture, $"trained {summary.Steps} steps in {summary.ElapsedSeconds:F1} s: mean loss {summary.MeanLoss:F4}, {summary.TokenCount} tokens"));
    }

    /// <summary>Ends the progress channel.</summary>
    public void Dispose() => _progress.Dispose();
}
