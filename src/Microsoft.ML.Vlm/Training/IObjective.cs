using Microsoft.ML.Vlm.Models;
using Microsoft.ML.Vlm.Processing;
using static TorchSharp.torch;

namespace Microsoft.ML.Vlm.Training;

/// <summary>What a training run minimizes.</summary>
internal interface IObjective
{
    /// <summary>
    /// What the loss of a step is divided by, for one row: the step divides by the sum over all its rows (<c>num_items_in_batch</c>).
    /// 0 when there is nothing to learn from the row.
    /// </summary>
    long CountItems(VlmSample sample);

    /// <summary>Runs the model on a micro-batch and adds the gradients to everything that trains.</summary>
    /// <param name="model">The model.</param>
    /// <param name="batch">The micro-batch; at least one of its rows has items.</param>
    /// <param name="imageFeatures">Features of the batch's images, <c>[features, hidden]</c>; null without images.</param>
    /// <param name="items">Items of the whole step.</param>
    /// <returns>The micro-batch's part of the step's loss, and its metrics.</returns>
    ObjectiveResult Backward(VisionLanguageModel model, VlmBatch batch, Tensor? imageFeatures, long items);

    /// <summary>Computes the same on a batch of rows that are not trained on. Called without gradients, and with dropout and noise off.</summary>
    /// <param name="model">The model.</param>
    /// <param name="batch">The batch; at least one of its rows has items.</param>
    /// <param name="imageFeatures">Features of the batch's images, <c>[features, hidden]</c>; null without images.</param>
    /// <param name="items">Items of the batch.</param>
    /// <returns>The batch's loss and metrics.</returns>
    ObjectiveResult Evaluate(VisionLanguageModel model, VlmBatch batch, Tensor? imageFeatures, long items);

    /// <summary>Called before the first step that is computed.</summary>
    /// <param name="step">Steps done before, in a run that goes on from a checkpoint; else 0.</param>
    void Begin(int step)
    {
    }

    /// <summary>Called behind every optimizer step, before it is reported and saved.</summary>
    /// <param name="model">The model, updated.</param>
    /// <param name="step">Steps done.</param>
    void EndStep(VisionLanguageModel model, int step)
    {
    }

    /// <summary>Writes into a checkpoint what the objective keeps from step to step; nothing by default.</summary>
    /// <param name="folder">The checkpoint that is being written.</param>
    void Save(string folder)
    {
    }

    /// <summary>Takes up what <see cref="Save"/> wrote. Called before <see cref="Begin"/>.</summary>
    /// <param name="folder">A checkpoint that is whole.</param>
    /// <exception cref="InvalidDataException">It does not fit the run.</exception>
    void Restore(string folder)
    {
    }
}
