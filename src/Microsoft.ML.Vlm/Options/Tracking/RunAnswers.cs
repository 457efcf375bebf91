namespace Microsoft.ML.Vlm;

/// <summary>Answers to some rows of the evaluation data, as an evaluation of the run generated them (<see cref="VlmTrainingOptions.GeneratedEvaluationRows"/>).</summary>
public sealed record RunAnswers
{
    /// <summary>Optimizer steps done.</summary>
    public required int Step { get; init; }

    /// <summary>When, in UTC.</summary>
    public required DateTime Time { get; init; }

    /// <summary>The rows with their answers.</summary>
    public required IReadOnlyList<RunAnswer> Rows { get; init; }
}
