using Microsoft.ML.Vlm.Torch;
using static TorchSharp.torch;

namespace Microsoft.ML.Vlm.Models.Blocks;

/// <summary>Attention in which every position sees every other one, without gradients: head by head, some queries at a time, so that the weights stay in the cache.</summary>
internal static class PatchAttention
{
    // 256 queries against 1024 keys are 1 MiB of weights in float32.
    private const int WeightsAtOnce = 1 << 18;

    /// <summary>Attends among the rows of each batch entry.</summary>
    /// <param name="query"><c>[batch, positions, width]</c>; <see cref="KernelChoice.Applies"/> to it.</param>
    /// <param name="key">Shape of <paramref name="query"/>.</param>
    /// <param name="value">Shape of <paramref name="query"/>.</param>
    /// <param name="heads">Number of heads; divides the width.</param>
    /// <returns><c>[batch, positions, width]</c>.</returns>
    public static Tensor Forward(Tensor query, Tensor key, Tensor value, int heads)
    {
        Tensor result = empty_like(query);
        long positions = query.size(1), size = query.size(2) / heads, rows = Math.Clamp(WeightsAtOnce / positions, 1, positions);
        for (long entry = 0; entry < query.size(0); entry++)
        {
            for (int head = 0; head < heads; head++)
            {
                using var scope = NewDisposeScope();
                Tensor Of(Tensor tensor) => tensor[entry].narrow(1, head * size, size);
                Tensor queries = Of(query), keys = Of(key).contiguous(), values = Of(value).t().contiguous(), outputs = Of(result);
                for (long first = 0; first < positions; first += rows)
                {
                    long count = Math.Min(rows, positions - first);
                    using Tensor part = queries.narrow(0, first, count).contiguous(), weights = Aten.Linear(part, keys);
                    VectorKernels.SoftmaxInPlace(weights, 1 / Math.Sqrt(size));
                    using Tensor mixed = Aten.Linear(weights, values);
                    outputs.narrow(0, first, count).copy_(mixed);
                }
            }
        }
        return result;
    }
}
