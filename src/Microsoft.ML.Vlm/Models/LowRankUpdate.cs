using static TorchSharp.torch;

namespace Microsoft.ML.Vlm.Models;

/// <summary>An update of a linear layer by two thin matrices: <c>y += scale * B A (mask * x)</c>.</summary>
/// <param name="A"><c>[r, in]</c>, float32 or bfloat16, a leaf that collects gradients.</param>
/// <param name="B"><c>[out, r]</c>, float32 or bfloat16, a leaf that collects gradients.</param>
/// <param name="Scale">Factor.</param>
/// <param name="DrawMask">For an input the numbers its elements are multiplied by; null when there is no dropout.</param>
internal sealed record LowRankUpdate(Tensor A, Tensor B, double Scale, Func<Tensor, Tensor?> DrawMask);
