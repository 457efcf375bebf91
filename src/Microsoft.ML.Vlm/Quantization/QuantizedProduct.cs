using static TorchSharp.torch;
using static TorchSharp.torch.autograd;

namespace Microsoft.ML.Vlm.Quantization;

/// <summary>
/// <c>x Wᵀ</c> with a quantized weight. What autograd keeps for the way back is the codes, which the model holds anyway: the weight is dequantized once more there.
/// </summary>
internal sealed class QuantizedProduct : SingleTensorFunction<QuantizedProduct>
{
    private const string WeightKey = "weight";

    /// <inheritdoc/>
    public override string Name => nameof(QuantizedProduct);

    /// <summary>Multiplies; gradients flow to the input alone.</summary>
    /// <param name="input"><c>[..., in]</c>.</param>
    /// <param name="weight"><c>[out, in]</c>.</param>
    /// <returns><c>[..., out]</c>, in the type of the input, in the caller's scope.</returns>
    public static Tensor Of(Tensor input, IQuantizedWeight weight)
    {
        if (!is_grad_enabled() || !input.requires_grad)
        {
            return Forward(input, weight);
        }
        return input.device_type == TorchSharp.DeviceType.CPU ? apply(input, weight) : Recorded(input, weight);
    }

    /// <inheritdoc/>
    public override Tensor forward(AutogradContext ctx, params object[] vars)
    {
        var weight = (IQuantizedWeight)vars[1];
        ctx.save_data(WeightKey, weight);
        return Forward((Tensor)vars[0], weight);
    }

    /// <inheritdoc/>
    public override List<Tensor> backward(AutogradContext ctx, Tensor grad_output)
    {
        var weight = (IQuantizedWeight)ctx.get_data(WeightKey);
        using var scope = NewDisposeScope();
        using var frozen = no_grad();
        Tensor gradient = weight.Back(grad_output.to(weight.ComputeType)).to(grad_output.dtype);
        return [gradient.MoveToOuterDisposeScope(), null!];
    }

    // On a GPU autograd goes back on a thread of its own, where no dispose scope sees what a function in C# makes: there the graph keeps the matrix until it is freed.
    private static Tensor Recorded(Tensor input, IQuantizedWeight weight)
    {
        using var scope = NewDisposeScope();
        Tensor matrix = weight.Dequantize(weight.ComputeType);
        return nn.functional.linear(input.to(weight.ComputeType), matrix).to(input.dtype).MoveToOuterDisposeScope();
    }

    private static Tensor Forward(Tensor input, IQuantizedWeight weight)
    {
        using var scope = NewDisposeScope();
        using var frozen = no_grad();
        return weight.Product(input.detach().to(weight.ComputeType)).to(input.dtype).MoveToOuterDisposeScope();
    }
}
