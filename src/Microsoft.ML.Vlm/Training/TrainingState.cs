namespace Microsoft.ML.Vlm.Training;

/// <summary>What changes from step to step besides the weights and the optimizer. With these three and the data a run goes on with the same bits.</summary>
internal sealed record TrainingState
{
    /// <summary>Optimizer steps done (<c>global_step</c>).</summary>
    public int Step { get; set; }

    /// <summary>Passes over the data done, with fractions (<c>epoch</c>).</summary>
    public double Epoch { get; set; }

    /// <summary>Position in the data; null at the beginning.</summary>
    public SamplerState? Sampler { get; set; }

    /// <summary>What the reports are averaged from.</summary>
    public MetricSums Sums { get; init; } = new();

    /// <summary>All reports so far, under TRL's keys (<c>log_history</c>).</summary>
    public IList<IReadOnlyDictionary<string, double>> History { get; init; } = [];
}
