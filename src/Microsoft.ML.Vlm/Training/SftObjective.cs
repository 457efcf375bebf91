using Microsoft.ML.Vlm.Models;
using Microsoft.ML.Vlm.Processing;
using static TorchSharp.torch;

namespace Microsoft.ML.Vlm.Training;

/// <summary>Supervised fine-tuning: the mean loss of the target tokens of a step.</summary>
/// <param name="tokenLoss">Loss of a token; the negative log-likelihood where nothing else is said.</param>
/// <param name="chunkRows">Positions that go through the output head at a time; full logits never exist.</param>
internal sealed class SftObjective(TokenLoss tokenLoss = default, int chunkRows = 256) : IObjective
{
    /// <inheritdoc/>
    public long CountItems(VlmSample sample) => sample.TargetCount;

    /// <inheritdoc/>
    /// <remarks>
    /// Forward and backward of head and loss run chunk by chunk on a copy of the hidden states that predict a target; what they leave in its gradient
    /// then goes back through the model.
    /// </remarks>
    public ObjectiveResult Backward(VisionLanguageModel model, VlmBatch batch, Tensor? imageFeatures, long items)
    {
        using var scope = NewDisposeScope();
        long count = batch.Targets.size(0);
        using TrainingPass pass = model.BeginTraining(batch, imageFeatures);
        Tensor leaf = pass.Hidden.index_select(0, batch.TargetPositions).requires_grad_(true);
        double loss = 0, entropy = 0;
        long correct = 0;
        for (long start = 0; start < count; start += chunkRows)
        {
            using var chunk = NewDisposeScope();
            long rows = Math.Min(chunkRows, count - start);
            Tensor logits = model.Head(leaf.narrow(0, start, rows));
            TokenCrossEntropy.Result part = TokenCrossEntropy.Compute(logits, batch.Targets.narrow(0, start, rows), items, tokenLoss);
            loss += part.Loss;
            entropy += part.EntropySum;
            correct += part.CorrectCount;
            autograd.backward(logits, part.Gradient);
        }

        if (pass.NeedsGradient)
        {
            pass.Backward(zeros_like(pass.Hidden).index_add_(0, batch.TargetPositions, leaf.grad!, 1));
        }
        return new ObjectiveResult(loss, (double)correct / count, entropy / count);
    }

    /// <inheritdoc/>
    public ObjectiveResult Evaluate(VisionLanguageModel model, VlmBatch batch, Tensor? imageFeatures, long items)
    {
        using var scope = NewDisposeScope();
        using var frozen = no_grad();
        long count = batch.Targets.size(0);
        Tensor hidden = model.Forward(batch, imageFeatures).index_select(0, batch.TargetPositions);
        double loss = 0, entropy = 0;
        long correct = 0;
        for (long start = 0; start < count; start += chunkRows)
        {
            using var chunk = NewDisposeScope();
            long rows = Math.Min(chunkRows, count - start);
            TokenCrossEntropy.Result part = TokenCrossEntropy.Compute(model.Head(hidden.narrow(0, start, rows)), batch.Targets.narrow(0, start, rows), items, tokenLoss);
            loss += part.Loss;
            entropy += part.EntropySum;
            correct += part.CorrectCount;
        }
        return new ObjectiveResult(loss, (double)correct / count, entropy / count);
    }
}
