using static TorchSharp.torch;

namespace Microsoft.ML.Vlm.Training;

/// <summary>Turns gradients into updates of the weights, and remembers what it needs from step to step.</summary>
internal interface IOptimizer : IDisposable
{
    /// <summary>What it updates.</summary>
    IReadOnlyList<TrainableParameter> Parameters { get; }

    /// <summary>Updates the parameters that have a gradient, in place. The others, and their count of steps, stay as they are.</summary>
    /// <param name="gradients">In the order of <see cref="Parameters"/>; left as they are.</param>
    /// <param name="learningRate">Step size; each parameter's is multiplied by its <see cref="TrainableParameter.LearningRateScale"/>.</param>
    void Step(IReadOnlyList<Tensor?> gradients, double learningRate);

    /// <summary>
    /// The whole state: what <see cref="LoadTensors"/> needs to go on with the same bits. Keys are <c>{parameter name}.{kind}</c>, where the kinds are those of
    /// the optimizer and <c>step</c>, an int64 scalar.
    /// </summary>
    /// <returns>The optimizer's own tensors, to be read before the next step and not to be freed, and scalars that belong to the caller's dispose scope.</returns>
    IReadOnlyDictionary<string, Tensor> ToTensors();

    /// <summary>Goes on from a saved state.</summary>
    /// <param name="tensors">What <see cref="ToTensors"/> gave, on any device; copied.</param>
    /// <exception cref="InvalidDataException">
    /// A tensor is missing, unknown, of another shape or type, or a count of steps is out of its range. Names it. Nothing was changed.
    /// </exception>
    void LoadTensors(IReadOnlyDictionary<string, Tensor> tensors);
}
