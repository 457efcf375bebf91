using Microsoft.ML.Vlm.Adapters;
using Microsoft.ML.Vlm.Models;

namespace Microsoft.ML.Vlm.Training;

/// <summary>A run and what belongs to it from the first step to the last.</summary>
/// <param name="Model">The model.</param>
/// <param name="Adapters">The adapters that train, or null.</param>
/// <param name="Objective">What is minimized.</param>
/// <param name="Settings">Steps, batches, rates.</param>
/// <param name="TotalSteps">Optimizer steps of the whole run.</param>
/// <param name="Optimizer">The optimizer with the parameters that train.</param>
/// <param name="Features">Features of images.</param>
internal sealed record TrainingRun(
    VisionLanguageModel Model, AdapterSet? Adapters, IObjective Objective, TrainingSettings Settings, int TotalSteps, IOptimizer Optimizer, VisionFeatureCache Features)
{
    /// <summary>What changes from step to step.</summary>
    public TrainingState State { get; set; } = new();

    /// <summary>Forgets the gradients.</summary>
    public void ClearGradients()
    {
        foreach (TrainableParameter parameter in Optimizer.Parameters)
        {
            parameter.Value.grad = null;
        }
    }

    /// <summary>The learning rate of a step.</summary>
    /// <param name="step">Counted from 0.</param>
    public double LearningRateAt(int step) => Settings.Schedule.RateAt(Settings.LearningRate, step, Settings.WarmupStepsOf(TotalSteps), TotalSteps);
}
