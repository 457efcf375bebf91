using Microsoft.ML.Vlm.Processing;
using Microsoft.ML.Vlm.Training.Failures;
using static TorchSharp.torch;

namespace Microsoft.ML.Vlm.Training;

/// <summary>One optimizer step: forward and backward passes of its micro-batches, clipping, the update. What trains changes only when all of it was sound.</summary>
/// <param name="run">The run; its state is that of the step before.</param>
/// <param name="postMortem">Describes what went wrong.</param>
internal sealed class OptimizerStep(TrainingRun run, PostMortem postMortem)
{
    private readonly StallGuard _stall = new(run.Settings.MaxStalledSteps);
    private bool _isChecked;
    private bool _isCheckedWithImages;

    private int Number => run.State.Step + 1;

    /// <summary>Computes and applies a step.</summary>
    /// <param name="window">Its rows.</param>
    /// <param name="learningRate">Its rate.</param>
    /// <param name="token">Checked before each micro-batch.</param>
    /// <exception cref="InvalidOperationException">The step has no token to train on, or its loss or gradients are not sound. Nothing was updated.</exception>
    /// <exception cref="InsufficientMemoryException">The memory does not suffice for a micro-batch. Nothing was updated.</exception>
    public StepOutcome Run(TrainingWindow window, double learningRate, CancellationToken token)
    {
        StepOutcome outcome = AddGradients(window, token);
        double norm = Update(window, learningRate);
        _stall.Check(Number, outcome.Loss, norm);
        return outcome with { GradientNorm = norm };
    }

    private StepOutcome AddGradients(TrainingWindow window, CancellationToken token)
    {
        if (run.Model.EmbeddingNoise is { } noise)
        {
            noise.Step = Number;
        }
        long[][] items = [.. window.MicroBatches.Select(rows => rows.Select(run.Objective.CountItems).ToArray())];
        long allItems = items.Sum(counts => counts.Sum());
        if (allItems == 0)
        {
            throw new InvalidOperationException(
                $"Step {Number}: no token to train on in {TrainingWindow.Name(window.Rows)}. Check that the answers are there and that the label masking fits the data.");
        }

        List<ObjectiveResult> results = [];
        for (int index = 0; index < items.Length; index++)
        {
            token.ThrowIfCancellationRequested();
            if (items[index].Sum() > 0)
            {
                results.Add(Backward(window.MicroBatches[index], index, allItems));
            }
        }
        return new StepOutcome(results, window.Rows.Sum(row => (long)row.Tokens.Length), items.Sum(counts => counts.LongCount(count => count == 0)), window.WaitSeconds);
    }

    private ObjectiveResult Backward(IReadOnlyList<VlmSample> rows, int index, long items)
    {
        int seed = RandomSeeds.OfMicroBatch(run.Settings.Seed, Number, index);
        run.Adapters?.SeedDropout(seed);
        ObjectiveResult result;
        try
        {
            using var scope = NewDisposeScope();

            // Attention serves neighbours of equal length in one call.
            using VlmBatch batch = VlmBatch.Create([.. rows.OrderBy(row => row.Tokens.Length)], run.Model.TokensPerTile, run.Model.Device);
            result = run.Objective.Backward(run.Model, batch, batch.Images.Count > 0 ? run.Features.Get(batch.Images) : null, items);
        }
        catch (Exception exception) when (MemoryFailure.IsOne(exception))
        {
            throw MemoryFailure.Describe(Number, rows, exception);
        }
        return double.IsFinite(result.Loss) ? result : throw postMortem.OfLoss(rows, result.Loss, seed);
    }

    private double Update(TrainingWindow window, double learningRate)
    {
        using var scope = NewDisposeScope();
        using var frozen = no_grad();
        Tensor?[] gradients = [.. run.Optimizer.Parameters.Select(parameter => parameter.Value.grad)];
        CheckGradients(window);
        double norm = GradientClipping.Clip([.. gradients.OfType<Tensor>()], run.Settings.MaxGradientNorm);
        if (!double.IsFinite(norm))
        {
            throw postMortem.OfGradients(window, gradients, norm);
        }
        run.Optimizer.Step(gradients, learningRate);
        run.ClearGradients();
        return norm;
    }

    // In the first step, and once more in the first one with images, which alone can give the vision part gradients.
    private void CheckGradients(TrainingWindow window)
    {
        bool hasImages = window.Rows.Any(row => row.Images.Count > 0);
        if (!_isChecked || (hasImages && !_isCheckedWithImages))
        {
            TrainableParameters.CheckGradients(run.Optimizer.Parameters, run.Model, hasImages);
            (_isChecked, _isCheckedWithImages) = (true, hasImages);
        }
    }
}
