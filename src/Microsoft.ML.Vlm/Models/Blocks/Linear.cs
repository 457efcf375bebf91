using Microsoft.ML.Vlm.Quantization;
using Microsoft.ML.Vlm.Torch;
using static TorchSharp.torch;

namespace Microsoft.ML.Vlm.Models.Blocks;

/// <summary><c>y = x Wᵀ + b</c>, with a place for an adapter.</summary>
/// <param name="path">Module path in the reference implementation, such as <c>model.text_model.layers.0.self_attn.q_proj</c>.</param>
/// <param name="weight"><c>[out, in]</c>.</param>
/// <param name="bias"><c>[out]</c>, or null.</param>
internal sealed class Linear(string path, Weight weight, Weight? bias)
{
    /// <summary>Module path in the reference implementation; adapters are addressed by it.</summary>
    public string Path { get; } = path;

    /// <summary><c>[out, in]</c>.</summary>
    public Weight Weight { get; } = weight;

    /// <summary><c>[out]</c>, or null.</summary>
    public Weight? Bias { get; } = bias;

    /// <summary>Width of the input.</summary>
    public long InputWidth => Weight.Shape[1];

    /// <summary>Width of the output.</summary>
    public long OutputWidth => Weight.Shape[0];

    /// <summary>The adapter, or null.</summary>
    public ILinearAdapter? Adapter { get; set; }

    /// <summary>Whether weight, bias or adapter may train.</summary>
    public bool Trains => Adapter is not null || Weight.IsTrainable || Bias is { IsTrainable: true };

    /// <summary>Applies the layer to <c>[..., in]</c>.</summary>
    public Tensor Forward(Tensor input)
    {
        Tensor? bias = Bias?.As(input.dtype);
        Tensor output = Weight.Compact is { } compact ? CompactProduct.Of(input, compact, bias) : LinearProduct.Apply(input, Weight.As(input.dtype), bias);
        return Adapter is null ? output : Adapter.Apply(input, output);
    }
}
