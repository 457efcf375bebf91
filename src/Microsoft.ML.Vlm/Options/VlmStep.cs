namespace Microsoft.ML.Vlm;

/// <summary>What <see cref="VlmTrainingOptions.StepCallback"/> gets behind each optimizer step.</summary>
public sealed record VlmStep
{
    /// <summary>Optimizer steps done, counted from 1.</summary>
    public required int Step { get; init; }

    /// <summary>Optimizer steps of the whole run.</summary>
    public required int TotalSteps { get; init; }

    /// <summary>Passes over the data done, with fractions.</summary>
    public required double Epoch { get; init; }

    /// <summary>Loss of this step, in nats a trained token.</summary>
    public required double Loss { get; init; }

    /// <summary>Euclidean norm of all gradients, before clipping.</summary>
    public required double GradientNorm { get; init; }

    /// <summary>Learning rate of this step.</summary>
    public required double LearningRate { get; init; }

    /// <summary>The rows that were trained on, by their numbers in the data, counted from 0.</summary>
    public required IReadOnlyList<long> Rows { get; init; }
}
