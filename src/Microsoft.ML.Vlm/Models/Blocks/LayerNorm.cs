using static TorchSharp.torch;

namespace Microsoft.ML.Vlm.Models.Blocks;

/// <summary>Layer normalization (Ba, Kiros and Hinton 2016) with weight and bias.</summary>
/// <param name="weight"><c>[width]</c>.</param>
/// <param name="bias"><c>[width]</c>.</param>
/// <param name="epsilon">Added to the variance.</param>
internal sealed class LayerNorm(Weight weight, Weight bias, double epsilon)
{
    /// <summary>Normalizes the last dimension of <c>[..., width]</c>.</summary>
    public Tensor Forward(Tensor input)
        => nn.functional.layer_norm(input, [input.size(-1)], weight.As(input.dtype), bias.As(input.dtype), epsilon);
}
