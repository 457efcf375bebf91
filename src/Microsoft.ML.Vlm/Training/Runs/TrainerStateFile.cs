namespace Microsoft.ML.Vlm.Training.Runs;

/// <summary><c>trainer_state.json</c> with the keys of transformers' <c>TrainerState</c>, which plotting tools read, and what a run of ours needs besides.</summary>
internal sealed record TrainerStateFile
{
    /// <summary>Step of the best evaluation, or null.</summary>
    public int? BestGlobalStep { get; init; }

    /// <summary>Metric of the best evaluation, or null.</summary>
    public double? BestMetric { get; init; }

    /// <summary>Checkpoint of the best evaluation, or null.</summary>
    public string? BestModelCheckpoint { get; init; }

    /// <summary>Passes over the data done.</summary>
    public required double Epoch { get; init; }

    /// <summary>Optimizer steps done.</summary>
    public required int GlobalStep { get; init; }

    /// <summary>Always true: there is one process.</summary>
    public bool IsLocalProcessZero { get; init; } = true;

    /// <summary>Always true: there is one process.</summary>
    public bool IsWorldProcessZero { get; init; } = true;

    /// <summary>All reports.</summary>
    public required IReadOnlyList<IReadOnlyDictionary<string, double>> LogHistory { get; init; }

    /// <summary>Steps between two reports.</summary>
    public required int LoggingSteps { get; init; }

    /// <summary>Steps of the run.</summary>
    public required int MaxSteps { get; init; }

    /// <summary>Tokens read.</summary>
    public required long NumInputTokensSeen { get; init; }

    /// <summary>Passes over the data that the run makes, rounded up.</summary>
    public required int NumTrainEpochs { get; init; }

    /// <summary>Rows of a micro-batch.</summary>
    public required int TrainBatchSize { get; init; }

    /// <summary>Sums that the next report is averaged from.</summary>
    public required MetricSums MetricSums { get; init; }

    /// <summary>Evaluations since the last one that improved.</summary>
    public int EvaluationsWithoutImprovement { get; init; }

    /// <summary>Whether the run is still to be evaluated behind this step.</summary>
    public bool IsEvaluationDue { get; init; }

    /// <summary>The state of a run.</summary>
    /// <param name="run">The run.</param>
    /// <param name="folder">Its folder.</param>
    public static TrainerStateFile Of(TrainingRun run, RunFolder folder) => new()
    {
        BestGlobalStep = run.State.BestStep,
        BestMetric = run.State.BestMetric,
        BestModelCheckpoint = run.State.BestStep is int best && (best == run.State.Step || Directory.Exists(folder.PathOf(best))) ? folder.PathOf(best) : null,
        EvaluationsWithoutImprovement = run.State.EvaluationsWithoutImprovement,
        IsEvaluationDue = run.State.IsEvaluationDue,
        Epoch = run.State.Epoch,
        GlobalStep = run.State.Step,
        LogHistory = [.. run.State.History],
        LoggingSteps = run.Settings.LoggingSteps,
        MaxSteps = run.TotalSteps,
        NumInputTokensSeen = run.State.Sums.TokenCount,
        NumTrainEpochs = (int)Math.Ceiling(run.State.Step == 0 ? run.Settings.MaxEpochs : run.State.Epoch * run.TotalSteps / run.State.Step),
        TrainBatchSize = run.Settings.BatchSize,
        MetricSums = run.State.Sums,
    };

    /// <summary>The state that a run goes on from.</summary>
    /// <param name="sampler">Position in the data.</param>
    /// <exception cref="InvalidDataException">The numbers contradict each other.</exception>
    public TrainingState ToState(SamplerState sampler)
        => GlobalStep is > 0 && GlobalStep <= MaxSteps && Epoch >= 0 && MetricSums.ReportedStep <= GlobalStep && MetricSums.MicroBatches >= 0
            ? new()
            {
                Step = GlobalStep,
                Epoch = Epoch,
                Sampler = sampler,
                Sums = MetricSums,
                BestMetric = BestMetric,
                BestStep = BestGlobalStep,
                EvaluationsWithoutImprovement = EvaluationsWithoutImprovement,
                IsEvaluationDue = IsEvaluationDue,
                History = [.. LogHistory],
            }
            : throw new InvalidDataException($"'{CheckpointFiles.TrainerState}' says that {GlobalStep} of {MaxSteps} steps and {Epoch} epochs are done.");
}
