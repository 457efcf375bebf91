using Microsoft.ML.Vlm.Models;
using Microsoft.ML.Vlm.Processing;
using static TorchSharp.torch;

namespace Microsoft.ML.Vlm.Dpo;

/// <summary>
/// Log-probabilities of answers under the reference. A batch goes through the reference packed as it goes through the policy, so that equal models give equal bits: before the first
/// step every margin is exactly 0. A pair keeps the values of the first batch that it came in, for all epochs and for the run that goes on from a checkpoint.
/// </summary>
/// <param name="reference">The reference; taken over.</param>
/// <param name="lengthAlpha">Weight of tokens beyond the length of the shorter answer; null for 1.</param>
/// <param name="chunkRows">Positions that go through the output head at a time.</param>
internal sealed class ReferenceLogProbabilities(IReferencePolicy reference, double? lengthAlpha, int chunkRows = 256) : IDisposable
{
    // The checkpoint says itself what its run follows from.
    private const string CheckpointIdentity = "checkpoint";

    private readonly Dictionary<UInt128, PairSums> _known = [];

    /// <summary>Whether values are kept; without it the reference is computed for every batch. Default true.</summary>
    public bool Keeps { get; init; } = true;

    /// <summary>Where values of earlier runs are found and those of this run go; null for memory alone.</summary>
    public ReferenceFile? File { get; init; }

    /// <summary>The reference.</summary>
    public IReferencePolicy Policy => reference;

    /// <summary>Pairs that are kept.</summary>
    public int Count => _known.Count;

    /// <summary>Batches that went through the reference.</summary>
    public int Passes { get; private set; }

    /// <summary>Summed log-probabilities of all answers of a batch.</summary>
    /// <param name="policy">The policy, whose way through the kernels the reference takes.</param>
    /// <param name="batch">Pairs.</param>
    /// <param name="imageFeatures">Features of the batch's images from the policy's vision part; null without images.</param>
    /// <param name="isTraining">Whether the batch is trained on; else it is only evaluated.</param>
    /// <returns>Float32 <c>[2 pairs]</c>, chosen answers first.</returns>
    public Tensor Get(VisionLanguageModel policy, VlmBatch batch, Tensor? imageFeatures, bool isTraining)
    {
        UInt128[] keys = [.. batch.Samples.Select(PreferencePair.ContentHash)];
        PairSums[] sums = Keeps && keys.All(_known.ContainsKey) ? [.. keys.Select(key => _known[key])] : FindOrCompute(policy, keys, batch, imageFeatures, isTraining);
        return tensor([.. sums.Select(pair => pair.Chosen), .. sums.Select(pair => pair.Rejected)], device: batch.Tokens.device);
    }

    /// <summary>Writes into a checkpoint what the run goes on with, and the run folder's file.</summary>
    /// <param name="folder">The checkpoint that is being written.</param>
    public void Save(string folder)
    {
        ReferenceFile.Write(Path.Combine(folder, ReferenceFile.FileName), CheckpointIdentity, _known);
        reference.Save(folder);
        SaveFile();
    }

    /// <summary>Takes up what <see cref="Save"/> wrote.</summary>
    /// <param name="folder">A checkpoint that is whole.</param>
    /// <exception cref="InvalidDataException">It does not fit the reference.</exception>
    public void Restore(string folder)
    {
        reference.Restore(folder);
        foreach ((UInt128 key, PairSums sums) in ReferenceFile.Read(Path.Combine(folder, ReferenceFile.FileName), CheckpointIdentity) ?? new Dictionary<UInt128, PairSums>())
        {
            _known[key] = sums;
        }
    }

    /// <summary>Writes the run folder's file, if there is one.</summary>
    public void SaveFile() => File?.Write(_known);

    /// <summary>Forgets everything: the reference has changed.</summary>
    public void Clear() => _known.Clear();

    /// <summary>Frees the reference.</summary>
    public void Dispose() => reference.Dispose();

    private PairSums[] FindOrCompute(VisionLanguageModel policy, UInt128[] keys, VlmBatch batch, Tensor? imageFeatures, bool isTraining)
    {
        UInt128 packing = PreferencePair.Hash([.. keys, isTraining ? UInt128.One : UInt128.Zero]);
        if (File?.Find(keys, packing) is not { } sums)
        {
            Passes++;
            bool checkpointing = policy.GradientCheckpointing;
            Tensor? features = policy.VisionIsFrozen && reference.SharesVision ? imageFeatures : null;
            sums = reference.Compute(model => WithoutNoise(model, checkpointing, () => Compute(model, batch, features, isTraining, packing)));
        }
        for (int index = 0; Keeps && index < keys.Length; index++)
        {
            _known[keys[index]] = sums[index];
        }
        return sums;
    }

    private static T WithoutNoise<T>(VisionLanguageModel model, bool checkpointing, Func<T> compute)
    {
        (EmbeddingNoise? noise, bool wasCheckpointing) = (model.EmbeddingNoise, model.GradientCheckpointing);
        (model.EmbeddingNoise, model.GradientCheckpointing) = (null, checkpointing);
        try
        {
            return compute();
        }
        finally
        {
            (model.EmbeddingNoise, model.GradientCheckpointing) = (noise, wasCheckpointing);
        }
    }

    private PairSums[] Compute(VisionLanguageModel model, VlmBatch batch, Tensor? features, bool isTraining, UInt128 packing)
    {
        using var scope = NewDisposeScope();
        using AnswerTokens answers = AnswerTokens.Of(batch);
        Tensor hidden = Hidden(model, batch, features, isTraining).index_select(0, batch.TargetPositions);
        List<Tensor> chunks = [];
        for (long start = 0; start < hidden.size(0); start += chunkRows)
        {
            using var chunk = NewDisposeScope();
            long rows = Math.Min(chunkRows, hidden.size(0) - start);
            chunks.Add(TokenLogProbabilities.ValuesOf(model.Head(hidden.narrow(0, start, rows)), batch.Targets.narrow(0, start, rows)).MoveToOuterDisposeScope());
        }
        float[] sums = answers.Sum(cat(chunks, 0), lengthAlpha).cpu().data<float>().ToArray();
        return [.. Enumerable.Range(0, answers.Pairs).Select(pair => new PairSums(sums[pair], sums[pair + answers.Pairs], packing))];
    }

    // What is recorded goes another way through the kernels than what is not, so the pass is recorded where the policy's is, and thrown away.
    private static Tensor Hidden(VisionLanguageModel model, VlmBatch batch, Tensor? features, bool isTraining)
    {
        using var mode = set_grad_enabled(isTraining);
        features ??= batch.Images.Count == 0 ? null : VisionFeatures.Encode(model, batch.Images).detach();
        if (!isTraining)
        {
            return model.Forward(batch, features);
        }
        using TrainingPass pass = model.BeginTraining(batch, features);
        return pass.Hidden.clone();
    }
}
