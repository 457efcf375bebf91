using static TorchSharp.torch;

namespace Microsoft.ML.Vlm.Models;

/// <summary>A decoding step of a <see cref="KeyValueCache"/>: one new token for each of some rows.</summary>
/// <param name="Rows">Rows of the cache, int64 <c>[rows]</c>.</param>
/// <param name="Ends">Where each row's token goes, int64 <c>[rows]</c>.</param>
/// <param name="Mask">Which tokens each row has, booleans <c>[rows, 1, 1, longest]</c>; null when all are equally long.</param>
/// <param name="Longest">Tokens of the longest row, the new one included.</param>
/// <param name="IsEveryRow">Whether the rows are all rows of the cache, in order.</param>
internal sealed record CacheStep(Tensor Rows, Tensor Ends, Tensor? Mask, long Longest, bool IsEveryRow) : IDisposable
{
    /// <summary>Frees the tensors.</summary>
    public void Dispose()
    {
        Rows.Dispose();
        Ends.Dispose();
        Mask?.Dispose();
    }
}
