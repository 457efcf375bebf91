using static TorchSharp.torch;
using static TorchSharp.torch.autograd;

namespace Microsoft.ML.Vlm.Quantization;

/// <summary>
/// <c>x Wᵀ + b</c> with a weight that is stored compactly. What autograd keeps for the way back is a reference to it, which the model holds anyway: the weight is expanded once
/// more there.
/// </summary>
internal sealed class CompactProduct : SingleTensorFunction<CompactProduct>
{
    private const string WeightKey = "weight";
    private const string NeedsKey = "needs";

    /// <inheritdoc/>
    public override string Name => nameof(CompactProduct);

    /// <summary>Multiplies; gradients flow to input and bias.</summary>
    /// <param name="input"><c>[..., in]</c>.</param>
    /// <param name="weight"><c>[out, in]</c>.</param>
    /// <param name="bias"><c>[out]</c>, in the type of the input, or null.</param>
    /// <returns><c>[..., out]</c>, in the type of the input, in the caller's scope.</returns>
    public static Tensor Of(Tensor input, ICompactWeight weight, Tensor? bias = null)
    {
        // Neither a function nor code without gradients may give a view, if an adapter is to be added to it in place.
        using Tensor rows = input.dim() == 2 ? input.alias() : input.reshape(-1, input.size(-1));
        bool isRecorded = is_grad_enabled() && (input.requires_grad || bias is { requires_grad: true });
        Tensor output = !isRecorded ? Forward(rows, weight, bias)
            : input.device_type != TorchSharp.DeviceType.CPU && weight is IQuantizedWeight codes ? Recorded(rows, codes, bias)
            : bias is null ? apply(rows, weight)
            : apply(rows, weight, bias);
        if (input.dim() == 2)
        {
            return output;
        }
        using (output)
        {
            return output.view([.. input.shape[..^1], output.size(1)]);
        }
    }

    /// <inheritdoc/>
    public override Tensor forward(AutogradContext ctx, params object[] vars)
    {
        (Tensor input, ICompactWeight weight, Tensor? bias) = ((Tensor)vars[0], (ICompactWeight)vars[1], vars.Length > 2 ? (Tensor)vars[2] : null);
        ctx.save_data(WeightKey, weight);
        ctx.save_data(NeedsKey, new Needed(input.requires_grad, bias?.requires_grad));
        return Forward(input, weight, bias);
    }

    /// <inheritdoc/>
    public override List<Tensor> backward(AutogradContext ctx, Tensor grad_output)
    {
        var weight = (ICompactWeight)ctx.get_data(WeightKey);
        var needed = (Needed)ctx.get_data(NeedsKey);
        using var scope = NewDisposeScope();
        using var frozen = no_grad();
        List<Tensor> result = [needed.Input ? weight.Back(grad_output.to(weight.ComputeType)).to(grad_output.dtype).MoveToOuterDisposeScope() : null!, null!];
        if (needed.Bias is bool bias)
        {
            result.Add(bias ? grad_output.sum([0L]).MoveToOuterDisposeScope() : null!);
        }
        return result;
    }

    // On a GPU autograd goes back on a thread of its own, where no dispose scope sees what a function in C# makes: there the graph keeps the matrix until it is freed.
    private static Tensor Recorded(Tensor input, IQuantizedWeight weight, Tensor? bias)
    {
        using var scope = NewDisposeScope();
        Tensor matrix = weight.Dequantize(weight.ComputeType);
        return nn.functional.linear(input.to(weight.ComputeType), matrix, bias?.to(weight.ComputeType)).to(input.dtype).MoveToOuterDisposeScope();
    }

    private static Tensor Forward(Tensor input, ICompactWeight weight, Tensor? bias)
    {
        using var scope = NewDisposeScope();
        using var frozen = no_grad();
        return weight.Product(input.detach().to(weight.ComputeType), bias?.detach().to(weight.ComputeType)).to(input.dtype).MoveToOuterDisposeScope();
    }

    private sealed record Needed(bool Input, bool? Bias);
}
