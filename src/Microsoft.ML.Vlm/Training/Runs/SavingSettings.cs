namespace Microsoft.ML.Vlm.Training.Runs;

/// <summary>When checkpoints are written, and which stay. Names in brackets are those of TRL.</summary>
internal sealed record SavingSettings
{
    /// <summary>When a checkpoint is written (<c>save_strategy</c>). Default <see cref="SaveStrategy.Steps"/>.</summary>
    public SaveStrategy Strategy { get; init; } = SaveStrategy.Steps;

    /// <summary>Steps between two checkpoints (<c>save_steps</c>). At least 1; default 500.</summary>
    public int Steps { get; init; } = 500;

    /// <summary>Most checkpoints that stay (<c>save_total_limit</c>); null, the default, keeps all.</summary>
    public int? TotalLimit { get; init; }

    /// <summary>Whether checkpoints hold the model without what is needed to go on (<c>save_only_model</c>). Default false.</summary>
    public bool OnlyModel { get; init; }

    /// <summary>Whether a checkpoint is written behind a step.</summary>
    /// <param name="step">Steps done.</param>
    /// <param name="totalSteps">Steps of the run.</param>
    /// <param name="endsEpoch">Whether a pass over the data ended with it.</param>
    public bool IsDue(int step, int totalSteps, bool endsEpoch) => Strategy switch
    {
        SaveStrategy.Steps => step % Steps == 0 || step == totalSteps,
        SaveStrategy.Epoch => endsEpoch || step == totalSteps,
        _ => false,
    };
}
