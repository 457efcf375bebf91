using static TorchSharp.torch;

namespace Microsoft.ML.Vlm.Models;

/// <summary>Something that changes the output of a linear layer without touching its weight.</summary>
internal interface ILinearAdapter
{
    /// <summary>Where its dropout draws from; null when it draws nothing.</summary>
    Generator? Random { get; }

    /// <summary>The adapter as a plain low-rank update, which layers compute together with their product; null when it is more than that.</summary>
    LowRankUpdate? LowRank => null;

    /// <summary>The adapter as it is now, for decoding without tensors; null when it cannot be put so, or draws dropout.</summary>
    FixedUpdate? Freeze() => null;

    /// <summary>The layer's output with the adapter's part.</summary>
    /// <param name="input"><c>[tokens, in]</c>.</param>
    /// <param name="output">The base layer's output, <c>[tokens, out]</c>.</param>
    Tensor Apply(Tensor input, Tensor output);
}
