using Microsoft.ML.Vlm.Adapters;
using Microsoft.ML.Vlm.Models;
using Microsoft.ML.Vlm.Processing;
using Microsoft.ML.Vlm.Training.Runs;
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

    /// <inheritdoc cref="Run(TrainingHooks, ISampleSource, CancellationToken)"/>
    /// <param name="source">The rows.</param>
    /// <param name="onLog">Gets the metrics, on the calling thread; null for none.</param>
    /// <param name="token">Checked before each micro-batch.</param>
    public TrainingSummary Run(ISampleSource source, Action<VlmTrainingMetrics>? onLog, CancellationToken token) => Run(new TrainingHooks { OnLog = onLog }, source, token);

    /// <summary>Trains.</summary>
    /// <param name="hooks">What happens between the steps, and where the run goes on.</param>
    /// <param name="source">The rows.</param>
    /// <param name="token">
    /// Checked before each micro-batch; with checkpoints between two steps, and then one is written first. What trained keeps the state of the last finished step.
    /// </param>
    /// <exception cref="InvalidOperationException">
    /// The data has no rows; a step has no token to train on; the loss or a gradient is not a number. Names step and rows. Nothing was updated by that step.
    /// </exception>
    /// <exception cref="InvalidDataException">The checkpoint to go on from does not fit the run.</exception>
    /// <exception cref="OperationCanceledException"><paramref name="token"/> was cancelled, or <see cref="TrainingHooks.IsStopRequested"/> said so.</exception>
    public TrainingSummary Run(TrainingHooks hooks, ISampleSource source, CancellationToken token)
    {
        if (source.Count == 0)
        {
            throw new InvalidOperationException("The training data has no rows; nothing was trained. Check the filter or the path that the data comes from.");
        }

        TrainableParameter[] parameters = TrainableParameters.Of(_model, _adapters, _settings);
        using VisionFeatureCache features = VisionFeatureCache.Open(_model, _settings);
        source.HasFeatures = _model.VisionIsFrozen ? features.Contains : null;
        using IOptimizer optimizer = Optimizers.Create(_settings, parameters);
        TrainingRun run = new(_model, _adapters, _settings, _settings.TotalSteps(source), optimizer);
        hooks.Checkpoints?.Restore(run);
        MetricsLog log = new(run.State, run.TotalSteps, _settings.LoggingSteps, hooks.OnLog);
        BeginTraining();
        try
        {
            Train(run, source, features, log, hooks, token);
        }
        catch (OperationCanceledException exception) when (hooks.Checkpoints is not null)
        {
            throw Interruption.Of(run, hooks, exception, token);
        }
        finally
        {
            EndTraining(parameters);
        }
        return log.Summarize();
    }

    private void Train(TrainingRun run, ISampleSource source, VisionFeatureCache features, MetricsLog log, TrainingHooks hooks, CancellationToken token)
    {
        TrainingState state = run.State;
        if (state.Step == run.TotalSteps)
        {
            return;
        }

        _objective.Begin(state.Step);

        // With checkpoints a step that has begun is finished before the run stops.
        CancellationToken withinStep = hooks.Checkpoints is null ? token : CancellationToken.None;
        foreach (TrainingWindow window in TrainingWindow.Read(source, _settings, state.Sampler))
        {
            double learningRate = run.LearningRateAt(state.Step);
            StepOutcome outcome = AddGradients(window, state.Step + 1, features, withinStep);
            double norm = Update(run.Optimizer, window, state.Step + 1, learningRate);
            _objective.EndStep(_model, state.Step + 1);
            bool endsEpoch = Math.Floor(window.Epoch) > Math.Floor(state.Epoch);
            (state.Step, state.Epoch, state.Sampler) = (state.Step + 1, window.Epoch, window.Next);
            log.EndStep(outcome, norm, learningRate);
            hooks.EndStep(run, Describe(run, window, outcome, norm, learningRate), endsEpoch);
            if (state.Step == run.TotalSteps)
            {
                return;
            }
            if (hooks.Checkpoints is not null && (token.IsCancellationRequested || hooks.IsStopRequested()))
            {
                throw new OperationCanceledException(token);
            }
        }
    }

    private static VlmStep Describe(TrainingRun run, TrainingWindow window, StepOutcome outcome, double norm, double learningRate) => new()
    {
        Step = run.State.Step,
        TotalSteps = run.TotalSteps,
        Epoch = run.State.Epoch,
        Loss = outcome.Loss,
        GradientNorm = norm,
        LearningRate = learningRate,
        Rows = [.. window.Rows.Select(row => row.Row)],
    };

    private StepOutcome AddGradients(TrainingWindow window, int step, VisionFeatureCache features, CancellationToken token)
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

        List<ObjectiveResult> results = [];
        for (int index = 0; index < items.Length; index++)
        {
            token.ThrowIfCancellationRequested();
            if (items[index].Sum() > 0)
            {
                _adapters?.SeedDropout(RandomSeeds.OfMicroBatch(_settings.Seed, step, index));
                results.Add(Backward(window.MicroBatches[index], step, allItems, features));
            }
        }
        return new StepOutcome(results, window.Rows.Sum(row => (long)row.Tokens.Length), items.Sum(counts => counts.LongCount(count => count == 0)), window.WaitSeconds);
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
        if (step == 1)
        {
            TrainableParameters.CheckGradients(optimizer.Parameters, _model, window.Rows.Any(row => row.Images.Count > 0));
        }
        optimizer.Step(gradients, learningRate);
        ClearGradients(optimizer.Parameters);
        return norm;
    }

    private void BeginTraining()
    {
        _model.GradientCheckpointing = _settings.GradientCheckpointing;
        _model.EmbeddingNoise = _settings.NeftuneNoiseAlpha is double alpha ? new EmbeddingNoise(alpha, _settings.Seed) : null;
        if (_adapters is not null)
        {
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
