using Microsoft.ML.Vlm.Models;
using Microsoft.ML.Vlm.Processing;
using static TorchSharp.torch;

namespace Microsoft.ML.Vlm.Dpo;

/// <summary>
/// Log-probabilities of answers under the reference, computed once for each pair and kept: 32 bytes a pair. Each pair is computed by itself, so that they follow from the
/// pair alone: they have the same bits in any batch, in a later epoch and in a run that is resumed.
/// </summary>
/// <param name="reference">The reference; taken over.</param>
/// <param name="lengthAlpha">Weight of tokens beyond the length of the shorter answer; null for 1.</param>
/// <param name="chunkRows">Positions that go through the output head at a time.</param>
internal sealed class ReferenceLogProbabilities(IReferencePolicy reference, double? lengthAlpha, int chunkRows = 256) : IDisposable
{
    private readonly Dictionary<UInt128, (float Chosen, float Rejected)> _known = [];

    /// <summary>The reference.</summary>
    public IReferencePolicy Policy => reference;

    /// <summary>Pairs that are kept.</summary>
    public int Count => _known.Count;

    /// <summary>Summed log-probabilities of all answers of a batch.</summary>
    /// <param name="batch">Pairs.</param>
    /// <param name="imageFeatures">Features of the batch's images from the policy's vision part; null without images.</param>
    /// <param name="policyVisionIsFrozen">Whether these are what the vision part gave before training.</param>
    /// <returns>Float32 <c>[2 pairs]</c>, chosen answers first.</returns>
    public Tensor Get(VlmBatch batch, Tensor? imageFeatures, bool policyVisionIsFrozen)
    {
        UInt128[] keys = [.. batch.Samples.Select(PreferencePair.ContentHash)];
        int[] missing = [.. Enumerable.Range(0, keys.Length).Where(index => !_known.ContainsKey(keys[index]))];
        if (missing.Length > 0)
        {
            reference.Compute(model =>
            {
                foreach (int index in missing)
                {
                    _known[keys[index]] = Compute(model, batch, batch.Samples[index], policyVisionIsFrozen && reference.SharesVision ? imageFeatures : null);
                }
                return true;
            });
        }
        return tensor([.. keys.Select(key => _known[key].Chosen), .. keys.Select(key => _known[key].Rejected)], device: batch.Tokens.device);
    }

    /// <summary>Forgets everything: the reference has changed.</summary>
    public void Clear() => _known.Clear();

    /// <summary>Frees the reference.</summary>
    public void Dispose() => reference.Dispose();

    private (float Chosen, float Rejected) Compute(VisionLanguageModel model, VlmBatch all, VlmSample pair, Tensor? features)
    {
        using var scope = NewDisposeScope();
        using VlmBatch batch = VlmBatch.Create([pair], model.TokensPerTile, all.Tokens.device);
        using AnswerTokens answers = AnswerTokens.Of(batch);
        Tensor? own = batch.Images.Count == 0 ? null : features is null ? VisionFeatures.Encode(model, batch.Images) : Select(all, batch, features, model.TokensPerTile);
        Tensor hidden = model.Forward(batch, own).index_select(0, batch.TargetPositions);
        List<Tensor> chunks = [];
        for (long start = 0; start < hidden.size(0); start += chunkRows)
        {
            using var chunk = NewDisposeScope();
            long rows = Math.Min(chunkRows, hidden.size(0) - start);
            chunks.Add(TokenLogProbabilities.ValuesOf(model.Head(hidden.narrow(0, start, rows)), batch.Targets.narrow(0, start, rows)).MoveToOuterDisposeScope());
        }
        float[] sums = answers.Sum(cat(chunks, 0), lengthAlpha).cpu().data<float>().ToArray();
        return (sums[0], sums[1]);
    }

    // The rows of one pair's images in the features of all images of the batch.
    private static Tensor Select(VlmBatch all, VlmBatch own, Tensor features, int tokensPerTile)
    {
        Dictionary<UInt128, long> starts = [];
        long next = 0;
        foreach (var image in all.Images)
        {
            starts.Add(image.ContentHash, next);
            next += (long)image.Count * tokensPerTile;
        }
        return cat([.. own.Images.Select(image => features.narrow(0, starts[image.ContentHash], (long)image.Count * tokensPerTile))], 0);
    }
}
