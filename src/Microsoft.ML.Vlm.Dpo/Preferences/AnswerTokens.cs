using Microsoft.ML.Vlm.Processing;
using static TorchSharp.torch;

namespace Microsoft.ML.Vlm.Dpo;

/// <summary>
/// How the answers of a batch lie in a list of their tokens: pair by pair, chosen before rejected. Answers are numbered with the chosen ones of all pairs first.
/// </summary>
internal sealed class AnswerTokens : IDisposable
{
    private readonly Tensor _answers;
    private readonly Tensor _isExcess;

    /// <summary>Lays the answers out.</summary>
    /// <param name="lengths">For each pair the tokens of both answers, at least 1 each.</param>
    /// <param name="device">Where the tensors go; null for the CPU.</param>
    public AnswerTokens(IReadOnlyList<(int Chosen, int Rejected)> lengths, Device? device = null)
    {
        Pairs = lengths.Count;
        List<long> answers = [];
        List<bool> isExcess = [];
        for (int pair = 0; pair < lengths.Count; pair++)
        {
            (int chosen, int rejected) = lengths[pair];
            ArgumentOutOfRangeException.ThrowIfLessThan(Math.Min(chosen, rejected), 1, nameof(lengths));
            foreach ((int length, int answer) in new[] { (chosen, pair), (rejected, lengths.Count + pair) })
            {
                answers.AddRange(Enumerable.Repeat((long)answer, length));
                isExcess.AddRange(Enumerable.Range(0, length).Select(position => position >= Math.Min(chosen, rejected)));
            }
        }
        _answers = tensor([.. answers], device: device).DetachFromDisposeScope();
        _isExcess = tensor([.. isExcess], device: device).DetachFromDisposeScope();
        Lengths = tensor([.. lengths.Select(pair => (float)pair.Chosen), .. lengths.Select(pair => (float)pair.Rejected)], device: device).DetachFromDisposeScope();
        IsChosen = tensor([.. answers.Select(answer => answer < lengths.Count)], device: device).DetachFromDisposeScope();
    }

    /// <summary>The answers of a batch of pairs, all of whose tokens are targets.</summary>
    public static AnswerTokens Of(VlmBatch batch)
        => new([.. batch.Samples.Select(pair => (pair.Answers[0].Length, pair.Answers[1].Length))], batch.Tokens.device)
        {
            IsDesirable = [.. batch.Samples.Select(pair => pair.IsDesirable ?? true)],
        };

    /// <summary>Number of pairs.</summary>
    public int Pairs { get; }

    /// <summary>Tokens of each answer, float32 <c>[2 pairs]</c>.</summary>
    public Tensor Lengths { get; }

    /// <summary>Whether a token belongs to a chosen answer, booleans <c>[tokens]</c>.</summary>
    public Tensor IsChosen { get; }

    /// <summary>For unpaired data: whether the first answer of each row is a good one; the second is that of another row.</summary>
    public IReadOnlyList<bool> IsDesirable { get; init; } = [];

    /// <summary>Sums over the tokens of each answer.</summary>
    /// <param name="values">Float32 <c>[tokens]</c>.</param>
    /// <param name="lengthAlpha">
    /// Weight of tokens beyond the length of the pair's shorter answer (Liu et al. 2024, LD-DPO); null for 1.
    /// </param>
    /// <returns><c>[2 pairs]</c>.</returns>
    public Tensor Sum(Tensor values, double? lengthAlpha = null)
    {
        using var scope = NewDisposeScope();
        Tensor weighted = lengthAlpha is double alpha ? where(_isExcess, values * alpha, values) : values;
        return zeros(2L * Pairs, device: values.device).index_add(0, _answers, weighted, 1).MoveToOuterDisposeScope();
    }

    /// <summary>Frees the tensors.</summary>
    public void Dispose()
    {
        foreach (Tensor tensor in (Tensor[])[_answers, _isExcess, Lengths, IsChosen])
        {
            tensor.Dispose();
        }
    }
}
