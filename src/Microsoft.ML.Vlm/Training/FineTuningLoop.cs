using Microsoft.ML.Vlm.Adapters;
using Microsoft.ML.Vlm.Models;
using Microsoft.ML.Vlm.Processing;
using static TorchSharp.torch;

namespace Microsoft.ML.Vlm.Training;

/// <summary>Trains a model, or adapters on it: windows of micro-batches, each window one step of the optimizer. Same seed, data and machine: same bits.</summary>
internal sealed class FineTuningLoop
{
    private readonly VisionLanguageModel _model;
    private readonly AdapterSet? _adapters;
    private readonly IObjective _objective;
    private readonly TrainingSettings _settings;

    /// <summary>Prepares a run.</summary>
    /// <param name="model">The model; its weights stay as they are when adapters train.</param>
    /// <param name="adapters">
    /// The adapters to train. Null trains weights: those that <see cref="Weight.MakeTrainable"/> was called on, or all when there are none.
    /// </param>
    /// <param name="objective">What is minimized.</param>
    /// <param name="settings">Steps, batches, rates.</param>
    /// <exception cref="ArgumentOutOfRangeException">A setting is out of its range.</exception>
    public FineTuningLoop(VisionLanguageModel model, AdapterSet? adapters, IObjective objective, TrainingSettings settings)
    {
        settings.Validate();
        (_model, _adapters, _objective, _settings) = (model, adapters, objective, settings);
    }

    /// <summary>Trains.</summary>
    /// <param name="source">The rows.</param>
    /// <param name="onLog">Gets the metrics, on the calling thread; null for none.</param>
    /// <param name="token">Checked before each micro-batch. What trained keeps the state of the last finished step.</param>
    /// <exception cref="InvalidOperationException">
    /// The data has no rows; a step has no token to train on; the loss or a gradient is not a number. Names step and rows. Nothing was updated by that step.
    /// </exception>
    /// <exception cref="OperationCanceledException"><paramref name="token"/> was cancelled.</exception>
    public TrainingSummary Run(ISampleSource source, Action<VlmTrainingMetrics>? onLog, CancellationToken token)
    {
        if (source.Count == 0)
        {
            throw new InvalidOperationException("The training data has no rows; nothing was trained. Check the filter or the path that the data comes from.");
        }

        TrainableParameter[] parameters = Parameters();
        using VisionFeatureCache features = VisionFeatureCache.Open(_model, _settings);
        source.HasFeatures = _model.VisionIsFrozen ? features.Contains : null;
        int totalSteps = _settings.TotalSteps(source), warmupSteps = _settings.WarmupStepsOf(totalSteps);
        using IOptimizer optimizer = Optimizers.Create(_settings, parameters);
        MetricsLog log = new(totalSteps, _settings.LoggingSteps, onLog);
        int step = 0;
        long rowsWithoutTargets = 0;
        BeginTraining();
        try
        {
            foreach (TrainingWindow window in TrainingWindow.Read(source, _settings))
            {
                double learningRate = _settings.Schedule.RateAt(_settings.LearningRate, step, warmupSteps, totalSteps);
                rowsWithoutTargets += AddGradients(window, step + 1, features, log, token);
                double norm = Update(optimizer, window, step + 1, learningRate);
                log.EndStep(++step, window.Epoch, norm, learningRate);
                if (step == totalSteps)
                {
                    break;
                }
            }
        }
        finally
        {
            EndTraining(parameters);
        }
        return new TrainingSummary(step, log.MeanLossOver(step), log.TokenCount, rowsWithoutTargets, log.ElapsedSeconds);
    }

    private long AddGradients(TrainingWindow window, int step, VisionFeatureCache features, MetricsLog log, CancellationToken token)
    {
        if (_model.EmbeddingNoise is { } noise)
        {
            noise.Step = step;
        }
        long[][] items = [.. window.MicroBatches.Select(rows => rows.Select(_objective.CountItems).ToArray())];
        long allItems = items.Sum(counts => counts.Sum());
        if (allItems == 0)
        {
            throw new InvalidOperationException(
                $"Step {step}: no token to train on in {TrainingWindow.Name(window.Rows)}. Check that the answers are there and that the label masking fits the data.");
        }

        for (int index = 0; index < items.Length; index++)
        {
            token.ThrowIfCancellationRequested();
            IReadOnlyList<VlmSample> rows = window.MicroBatches[index];
            ObjectiveResult? result = items[index].Sum() > 0 ? Backward(rows, step, allItems, features) : null;
            log.AddMicroBatch(rows.Sum(row => (long)row.Tokens.Length), result);
        }
        return items.Sum(counts => counts.LongCount(count => count == 0));
    }

    private ObjectiveResult Backward(IReadOnlyList<VlmSample> rows, int step, long items, VisionFeatureCache features)
    {
        using var scope = NewDisposeScope();

        // Attention serves neighbours of equal length in one call.
        VlmSample[] byLength = [.. rows.OrderBy(row => row.Tokens.Length)];
        using VlmBatch batch = VlmBatch.Create(byLength, _model.TokensPerTile, _model.Weights.Values.First().Value.device);
        ObjectiveResult result = _objective.Backward(_model, batch, batch.Images.Count > 0 ? features.Get(batch.Images) : null, items);
        return double.IsFinite(result.Loss)
            ? result
            : throw new InvalidOperationException(
                $"Step {step}: the loss of {TrainingWindow.Name(rows)} is {result.Loss}. Training stopped; try a lower learning rate, or look at these rows.");
    }

    private double Update(IOptimizer optimizer, TrainingWindow window, int step, double learningRate)
    {
        using var scope = NewDisposeScope();
        using var frozen = no_grad();
        Tensor?[] gradients = [.. optimizer.Parameters.Select(parameter => parameter.Value.grad)];
        double norm = GradientClipping.Clip([.. gradients.OfType<Tensor>()], _settings.MaxGradientNorm);
        if (!double.IsFinite(norm))
        {
            throw new InvalidOperationException(
                $"Step {step}: the norm of the gradients of {TrainingWindow.Name(window.Rows)} is {norm}. Training stopped; try a lower learning rate, or look at these rows.");
        }
        optimizer.Step(gradients, learningRate);
        ClearGradients(optimizer.Parameters);
        return norm;
    }

    private TrainableParameter[] Parameters()
    {
        if (_adapters is not null)
        {
            return [.. _adapters.ToTensors().Select(pair => new TrainableParameter(pair.Key, pair.Value))];
        }
        if (!_model.Weights.Values.Any(weight => weight.IsTrainable))
        {
            foreach (Weight weight in _model.Weights.Values)
            {
                weight.MakeTrainable();
            }
        }
        return
        [
            .. _model.Weights.Values.Where(weight => weight.IsTrainable).OrderBy(weight => weight.Name, StringComparer.Ordinal)
                .Select(weight => new TrainableParameter(weight.Name, weight.Value)),
        ];
    }

    private void BeginTraining()
    {
        _model.GradientCheckpointing = _settings.GradientCheckpointing;
        _model.EmbeddingNoise = _settings.NeftuneNoiseAlpha is double alpha ? new EmbeddingNoise(alpha, _settings.Seed) : null;
        if (_adapters is not null)
        {
            _adapters.SeedDropout(_settings.Seed);
            _adapters.IsTraining = !_settings.DisableDropout;
        }
    }

    private void EndTraining(IEnumerable<TrainableParameter> parameters)
    {
        _model.GradientCheckpointing = false;
        _model.EmbeddingNoise = null;
        if (_adapters is not null)
        {
            _adapters.IsTraining = false;
        }
        ClearGradients(parameters);
    }

    private static void ClearGradients(IEnumerable<TrainableParameter> parameters)
    {
        foreach (TrainableParameter parameter in parameters)
        {
            parameter.Value.grad = null;
        }
    }
}
