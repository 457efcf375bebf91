using Microsoft.ML.Vlm.Adapters;
using Microsoft.ML.Vlm.Models;
using Microsoft.ML.Vlm.Training.Failures;
using Microsoft.ML.Vlm.Training.Runs;

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
    /// The data has no rows; a step has no token to train on; the loss or a gradient is not a number; nothing is learnt. Names step and rows. Nothing was updated by
    /// that step.
    /// </exception>
    /// <exception cref="InsufficientMemoryException">The memory does not suffice for a micro-batch; names its rows and what helps.</exception>
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
        TrainingRun run = new(_model, _adapters, _objective, _settings, _settings.TotalSteps(source), optimizer, features);
        hooks.Checkpoints?.Restore(run);
        MetricsLog log = new(run.State, run.TotalSteps, _settings.LoggingSteps, hooks.OnLog);
        BeginTraining();
        try
        {
            Train(run, source, log, hooks, token);
            hooks.LoadBest(run);
        }
        catch (OperationCanceledException exception) when (hooks.Checkpoints is not null)
        {
            throw Interruption.Of(run, hooks, exception, token);
        }
        finally
        {
            EndTraining(run);
        }
        return log.Summarize();
    }

    private void Train(TrainingRun run, ISampleSource source, MetricsLog log, TrainingHooks hooks, CancellationToken token)
    {
        TrainingState state = run.State;
        _objective.Begin(state.Step);
        if (hooks.Evaluate(run, token) || state.Step == run.TotalSteps)
        {
            return;
        }

        // With checkpoints a step that has begun is finished before the run stops.
        CancellationToken withinStep = hooks.Checkpoints is null ? token : CancellationToken.None;
        OptimizerStep step = new(run, new PostMortem(run, hooks.Checkpoints?.Folder, () => hooks.SaveFinished(run)));
        foreach (TrainingWindow window in TrainingWindow.Read(source, _settings, state.Sampler))
        {
            double learningRate = run.LearningRateAt(state.Step);
            StepOutcome outcome = step.Run(window, learningRate, withinStep);
            _objective.EndStep(_model, state.Step + 1);
            bool endsEpoch = Math.Floor(window.Epoch) > Math.Floor(state.Epoch);
            (state.Step, state.Epoch, state.Sampler) = (state.Step + 1, window.Epoch, window.Next);
            log.EndStep(outcome, learningRate);
            if (hooks.EndStep(run, Describe(run, window, outcome, learningRate), endsEpoch, token) || state.Step == run.TotalSteps)
            {
                return;
            }
            if (hooks.Checkpoints is not null)
            {
                hooks.ThrowIfStopped(token);
            }
        }
    }

    private static VlmStep Describe(TrainingRun run, TrainingWindow window, StepOutcome outcome, double learningRate) => new()
    {
        Step = run.State.Step,
        TotalSteps = run.TotalSteps,
        Epoch = run.State.Epoch,
        Loss = outcome.Loss,
        GradientNorm = outcome.GradientNorm,
        LearningRate = learningRate,
        Rows = [.. window.Rows.Select(row => row.Row)],
    };

    private void BeginTraining()
    {
        _model.GradientCheckpointing = _settings.GradientCheckpointing;
        _model.EmbeddingNoise = _settings.NeftuneNoiseAlpha is double alpha ? new EmbeddingNoise(alpha, _settings.Seed) : null;
        if (_adapters is not null)
        {
            _adapters.IsTraining = !_settings.DisableDropout;
        }
    }

    private void EndTraining(TrainingRun run)
    {
        _model.GradientCheckpointing = false;
        _model.EmbeddingNoise = null;
        if (_adapters is not null)
        {
            _adapters.IsTraining = false;
        }
        run.ClearGradients();
    }
}
