using System.Buffers.Binary;
using System.IO.Hashing;
using Microsoft.ML.Vlm.Processing;
using static TorchSharp.torch;

namespace Microsoft.ML.Vlm.Models;

/// <summary>NEFTune (Jain et al. 2024): uniform noise on the embeddings of the tokens while training, weaker for long rows.</summary>
/// <remarks>
/// The noise is a function of seed, step and row: it is the same however rows are cut into batches, and a run that is resumed needs no state of it.
/// </remarks>
/// <param name="alpha">Strength, above 0.</param>
/// <param name="seed">Seed of the run.</param>
internal sealed class EmbeddingNoise(double alpha, int seed)
{
    /// <summary>The step that is being computed.</summary>
    public int Step { get; set; }

    /// <summary>Adds noise between -m and m to each embedding, with m = alpha / √(L H) for a row of L tokens and H numbers an embedding.</summary>
    /// <param name="embeddings">Of all tokens of the batch, <c>[tokens, hidden]</c>; left as they are.</param>
    /// <param name="batch">The batch. An answer behind a shared prompt counts the prompt's tokens too.</param>
    /// <returns>New embeddings in the same type. Gradients go through unchanged.</returns>
    public Tensor Add(Tensor embeddings, VlmBatch batch)
    {
        using var scope = NewDisposeScope();
        long width = embeddings.size(1);
        List<Tensor> noise = [];
        foreach (IGrouping<int, Segment> row in batch.Segments.GroupBy(segment => segment.Example))
        {
            using Generator generator = new(SeedOf(batch.Samples[row.Key].Row));
            foreach (Segment segment in row)
            {
                long length = segment.Range.Length + segment.Prefix.Sum(range => (long)range.Length);
                double magnitude = alpha / Math.Sqrt(length * (double)width);
                noise.Add(rand([segment.Range.Length, width], dtype: ScalarType.Float32, generator: generator).mul_(2 * magnitude).sub_(magnitude));
            }
        }
        return (embeddings + cat(noise, 0).to(embeddings.dtype).to(embeddings.device)).MoveToOuterDisposeScope();
    }

    private ulong SeedOf(long row)
    {
        Span<byte> key = stackalloc byte[16];
        BinaryPrimitives.WriteInt32LittleEndian(key, seed);
        BinaryPrimitives.WriteInt32LittleEndian(key[4..], Step);
        BinaryPrimitives.WriteInt64LittleEndian(key[8..], row);
        return XxHash3.HashToUInt64(key);
    }
}
