using static TorchSharp.torch;

namespace Microsoft.ML.Vlm.Torch;

/// <summary><see cref="Aten.Linear"/> with gradients. Of a frozen weight no input is kept.</summary>
internal sealed class LinearFunction : autograd.SingleTensorFunction<LinearFunction>
{
    private const string Needs = "needs";

    /// <inheritdoc/>
    public override string Name => nameof(LinearFunction);

    /// <summary><c>input weightᵀ + bias</c>.</summary>
    /// <param name="ctx">Where the way back finds what it needs.</param>
    /// <param name="vars">Input <c>[rows, in]</c>, weight <c>[out, in]</c> and, if there is one, bias <c>[out]</c>.</param>
    public override Tensor forward(autograd.AutogradContext ctx, params object[] vars)
    {
        Tensor input = (Tensor)vars[0], weight = (Tensor)vars[1];
        Tensor? bias = vars.Length > 2 ? (Tensor)vars[2] : null;
        ctx.save_data(Needs, new Needed(input.requires_grad, weight.requires_grad, bias?.requires_grad));
        ctx.save_for_backward(weight.requires_grad ? [weight, input] : [weight]);
        return Aten.Linear(input, weight, bias);
    }

    /// <inheritdoc/>
    public override List<Tensor> backward(autograd.AutogradContext ctx, Tensor grad_output)
    {
        var needed = (Needed)ctx.get_data(Needs);
        List<Tensor> saved = ctx.get_saved_variables();
        using Tensor gradient = grad_output.contiguous();
        using Tensor across = saved[0].t();
        List<Tensor> result = [needed.Input ? Aten.Linear(gradient, across) : null!, needed.Weight ? OfWeight(gradient, saved[1]) : null!];
        if (needed.Bias is bool bias)
        {
            result.Add(bias ? gradient.sum([0L]) : null!);
        }
        return result;
    }

    private static Tensor OfWeight(Tensor gradient, Tensor input)
    {
        using Tensor outputs = gradient.t(), inputs = input.t();
        return Aten.Linear(outputs, inputs);
    }

    private sealed record Needed(bool Input, bool Weight, bool? Bias);
}
