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

    /// <summary>The best value of the metric that evaluations are compared by (<c>best_metric</c>); null before the first.</summary>
    public double? BestMetric { get; set; }

    /// <summary>Step of the best evaluation (<c>best_global_step</c>); null before the first.</summary>
    public int? BestStep { get; set; }

    /// <summary>Evaluations since the last one that improved.</summary>
    public int EvaluationsWithoutImprovement { get; set; }

    /// <summary>Whether the run is still to be evaluated behind this step: it was stopped before that was done.</summary>
    public bool IsEvaluationDue { get; set; }

    /// <summary>All reports so far, under TRL's keys (<c>log_history</c>).</summary>
    public IList<IReadOnlyDictionary<string, double>> History { get; init; } = [];
}
