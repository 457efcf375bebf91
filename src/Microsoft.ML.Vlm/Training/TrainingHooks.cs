using Microsoft.ML.Vlm.Training.Runs;

namespace Microsoft.ML.Vlm.Training;

/// <summary>What happens between the steps of a run. Everything runs on the thread that trains.</summary>
internal sealed record TrainingHooks
{
    /// <summary>Gets the reports, every <see cref="TrainingSettings.LoggingSteps"/> steps.</summary>
    public Action<VlmTrainingMetrics>? OnLog { get; init; }

    /// <summary>Called behind each step.</summary>
    public Action<VlmStep>? OnStep { get; init; }

    /// <summary>Called when a checkpoint has been written.</summary>
    public Action<VlmCheckpoint>? OnSave { get; init; }

    /// <summary>Where checkpoints go; null for none.</summary>
    public CheckpointStore? Checkpoints { get; init; }

    /// <summary>Evaluates the run; null for never.</summary>
    public Evaluator? Evaluator { get; init; }

    /// <summary>Gets the evaluations.</summary>
    public Action<VlmEvaluation>? OnEvaluation { get; init; }

    /// <summary>Whether the run shall stop, besides its token: asked between two steps.</summary>
    public Func<bool> IsStopRequested { get; init; } = () => false;

    /// <summary>Whether the time of the run is over behind a step; the run then ends with a checkpoint, as if the step were its last one.</summary>
    public Func<VlmStep, bool> IsTimeUp { get; init; } = _ => false;

    /// <summary>Does what is due behind a step.</summary>
    /// <param name="run">The run, its state being that behind the step.</param>
    /// <param name="step">What the step gave.</param>
    /// <param name="endsEpoch">Whether a pass over the data ended with it.</param>
    /// <param name="token">Cancels an evaluation.</param>
    /// <returns>Whether the run is over, because evaluations do not improve any more or its time is up.</returns>
    public bool EndStep(TrainingRun run, VlmStep step, bool endsEpoch, CancellationToken token)
    {
        OnStep?.Invoke(step);
        run.State.IsEvaluationDue = Evaluator?.Settings.IsDue(step.Step, step.TotalSteps, endsEpoch) == true;
        if (IsTimeUp(step))
        {
            // An evaluation that is due stays so, for the run that goes on.
            Save(run, onlyModel: false);
            return true;
        }
        bool isOver = Evaluate(run, token);
        if (Checkpoints?.Settings.IsDue(step.Step, isOver ? step.Step : step.TotalSteps, endsEpoch) == true)
        {
            Save(run, Checkpoints.Settings.OnlyModel);
        }
        return isOver;
    }

    /// <summary>Evaluates a run if that is due, and keeps it if it is the best so far and the best is asked for.</summary>
    /// <param name="run">A run between two steps.</param>
    /// <param name="token">Cancels; the evaluation stays due.</param>
    /// <returns>Whether the run is over, because evaluations do not improve any more.</returns>
    public bool Evaluate(TrainingRun run, CancellationToken token)
    {
        TrainingState state = run.State;
        if (Evaluator is null)
        {
            return false;
        }
        if (state.IsEvaluationDue)
        {
            VlmEvaluation evaluation = Evaluator.Evaluate(run, () => ThrowIfStopped(token));
            state.IsEvaluationDue = false;
            state.History.Add(MetricKeys.Of(evaluation));
            OnEvaluation?.Invoke(evaluation);
            if (evaluation.IsBest && (Evaluator.Settings.LoadsBest || Checkpoints?.Settings.Strategy == SaveStrategy.Best))
            {
                Save(run, Checkpoints!.Settings.OnlyModel);
            }
        }
        return state.EvaluationsWithoutImprovement >= Evaluator.Settings.Patience;
    }

    /// <summary>Writes a checkpoint of the last finished step, with everything that is needed to go on; nothing before the first step.</summary>
    public void SaveFinished(TrainingRun run)
    {
        if (run.State.Step > 0)
        {
            Save(run, onlyModel: false);
        }
    }

    /// <summary>Throws when the run shall stop.</summary>
    public void ThrowIfStopped(CancellationToken token)
    {
        token.ThrowIfCancellationRequested();
        if (IsStopRequested())
        {
            throw new OperationCanceledException(token);
        }
    }

    /// <summary>Goes back to the weights of the best evaluation, if that is asked for.</summary>
    public void LoadBest(TrainingRun run)
    {
        if (Evaluator?.Settings.LoadsBest == true && run.State.BestStep is int best && best != run.State.Step)
        {
            Checkpoints?.ReadWeights(run, best);
        }
    }

    /// <summary>Writes a checkpoint, where there is a place for it.</summary>
    /// <param name="run">A run between two steps.</param>
    /// <param name="onlyModel">Whether it holds the model without what is needed to go on.</param>
    public void Save(TrainingRun run, bool onlyModel)
    {
        if (Checkpoints?.Save(run, onlyModel) == true)
        {
            OnSave?.Invoke(new VlmCheckpoint { Step = run.State.Step, Path = Checkpoints.Newest! });
        }
    }
}
