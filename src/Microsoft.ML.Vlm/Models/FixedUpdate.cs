using static TorchSharp.torch;

namespace Microsoft.ML.Vlm.Models;

/// <summary>What an adapter does to a linear layer while its values stay: <c>y = f (W x + scale B A x) + bias</c>. The tensors are the caller's.</summary>
/// <param name="A">Contiguous float32 <c>[r, in]</c>.</param>
/// <param name="B">Contiguous float32 <c>[r, out]</c>: B transposed.</param>
/// <param name="Scale">Factor of the update.</param>
/// <param name="RowFactors">f, contiguous float32 <c>[out]</c>; null for 1.</param>
internal sealed record FixedUpdate(Tensor A, Tensor B, double Scale, Tensor? RowFactors);
