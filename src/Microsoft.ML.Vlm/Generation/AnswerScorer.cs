using Microsoft.ML.Vlm.Models;
using Microsoft.ML.Vlm.Processing;
using static TorchSharp.torch;

namespace Microsoft.ML.Vlm.Generation;

/// <summary>How probable a model finds given answers.</summary>
internal static class AnswerScorer
{
    // Positions whose logits exist at a time: 256 rows of 49,280 float32 logits are 50 MB.
    private const int ChunkPositions = 256;

    /// <summary>For each row the mean natural log-probability of its targets; not a number for a row without targets.</summary>
    /// <param name="model">The model.</param>
    /// <param name="samples">Rows with targets; they run as one packed batch, without gradients.</param>
    /// <param name="source">Gives the features of the rows' images; null computes them.</param>
    /// <returns>One value a row, at most 0. The softmax is in float32, as in the reference, whatever the compute type.</returns>
    public static double[] MeanLogProbabilities(VisionLanguageModel model, IReadOnlyList<VlmSample> samples, FeatureSource? source = null)
    {
        if (samples.Count == 0)
        {
            return [];
        }

        using var scope = NewDisposeScope();
        using var frozen = no_grad();
        using VlmBatch batch = VlmBatch.Create(samples, model.TokensPerTile, model.Device);
        Tensor? features = batch.Images.Count == 0 ? null : source?.Invoke(batch.Images) ?? VisionFeatures.Encode(model, batch.Images);
        Tensor hidden = model.Forward(batch, features);
        float[] logProbabilities = TargetLogProbabilities(model, hidden, batch.TargetPositions, batch.Targets);

        double[] means = new double[samples.Count];
        int start = 0;
        for (int row = 0; row < means.Length; row++)
        {
            int count = samples[row].TargetCount;
            double sum = 0;
            foreach (float logProbability in logProbabilities.AsSpan(start, count))
            {
                sum += logProbability;
            }
            means[row] = sum / count;
            start += count;
        }
        return means;
    }

    /// <summary>Log-probabilities of tokens; the head runs on their positions only, some at a time.</summary>
    /// <param name="model">The model whose head is used.</param>
    /// <param name="hidden">Hidden states behind the final norm, <c>[tokens, hidden]</c>.</param>
    /// <param name="positions">Tokens whose hidden state predicts a target, int64 <c>[targets]</c>.</param>
    /// <param name="targets">The tokens to predict, int64 <c>[targets]</c>.</param>
    /// <returns>Natural logarithms, one a target.</returns>
    public static float[] TargetLogProbabilities(VisionLanguageModel model, Tensor hidden, Tensor positions, Tensor targets)
    {
        float[] result = new float[targets.numel()];
        for (int start = 0; start < result.Length; start += ChunkPositions)
        {
            using var scope = NewDisposeScope();
            int count = Math.Min(ChunkPositions, result.Length - start);
            Tensor logits = model.Head(hidden.index_select(0, positions.narrow(0, start, count))).to(ScalarType.Float32);
            Tensor chosen = logits.gather(1, targets.narrow(0, start, count).unsqueeze(1)).squeeze(1);
            (chosen - logits.logsumexp(1)).cpu().data<float>().CopyTo(result, start);
        }
        return result;
    }
}
