using Microsoft.ML.Vlm.Torch;
using static TorchSharp.torch;

namespace Microsoft.ML.Vlm.Models.Blocks;

/// <summary>
/// A frozen linear layer, with or without a low-rank update, on its way forward and back without autograd. Of a frozen weight no input is kept;
/// the update keeps <c>scale * A x</c>.
/// </summary>
internal sealed class LinearRecord : IDisposable
{
    private readonly Linear _linear;
    private readonly LowRankUpdate? _update;
    private readonly Tensor? _mask;
    private readonly Tensor? _projected;

    /// <summary>Applies the layer.</summary>
    /// <param name="linear">A layer that <see cref="IsPossible"/> for.</param>
    /// <param name="input"><c>[tokens, in]</c>, contiguous.</param>
    public LinearRecord(Linear linear, Tensor input)
    {
        _linear = linear;
        _update = linear.Adapter?.LowRank;
        Output = Product(linear, input).DetachFromDisposeScope();
        if (_update is null)
        {
            return;
        }
        using var scope = NewDisposeScope();
        _mask = _update.DrawMask(input)?.DetachFromDisposeScope();
        _projected = LowRankProducts.AddUpdate(Output, Dropped(input), Wide(_update.A), Wide(_update.B), _update.Scale).DetachFromDisposeScope();
    }

    /// <summary><c>[tokens, out]</c>.</summary>
    public Tensor Output { get; }

    /// <summary>Whether a layer can go this way in a type: weight and bias frozen, computed in that type, and the adapter a plain low-rank update.</summary>
    public static bool IsPossible(Linear linear, ScalarType type)
    {
        if (linear.Adapter is { LowRank: null } || linear.Weight.IsTrainable || (linear.Bias is { } bias && (bias.IsTrainable || bias.Value.dtype != type)))
        {
            return false;
        }
        return linear.Weight.Compact is { } compact
            ? compact.ComputeType == type && !KernelChoice.IsOff
            : linear.Weight.Value.dtype == type && KernelChoice.GoesByHand(linear.Weight.Value);
    }

    /// <summary>Adds the gradients of the update's matrices, and gives the gradient of the input.</summary>
    /// <param name="input">What the layer was applied to.</param>
    /// <param name="gradient">By <see cref="Output"/>, contiguous.</param>
    /// <param name="needsInput">Whether the gradient of the input is asked for.</param>
    /// <returns><c>[tokens, in]</c>, or null.</returns>
    public Tensor? Backward(Tensor input, Tensor gradient, bool needsInput = true)
    {
        using var scope = NewDisposeScope();
        Tensor? result = !needsInput ? null : _linear.Weight.Compact is { } compact ? compact.Back(gradient) : Aten.Linear(gradient, _linear.Weight.As(gradient.dtype).t());
        if (_update is not null)
        {
            Accumulate(_update.B, LowRankProducts.Outer(gradient, _projected!).t());
            Tensor inner = LowRankProducts.Project(gradient, Wide(_update.B).t().contiguous(), _update.Scale);
            Accumulate(_update.A, LowRankProducts.Outer(Dropped(input), inner));
            if (result is not null && _mask is null)
            {
                LowRankProducts.Add(result, inner, Wide(_update.A));
            }
            else if (result is not null)
            {
                Tensor part = zeros_like(result);
                LowRankProducts.Add(part, inner, Wide(_update.A));
                result.add_(part.mul_(_mask!));
            }
        }
        return result?.MoveToOuterDisposeScope();
    }

    /// <summary>Frees the output and what was kept.</summary>
    public void Dispose()
    {
        Output.Dispose();
        _mask?.Dispose();
        _projected?.Dispose();
    }

    private static Tensor Product(Linear linear, Tensor input)
        => linear.Weight.Compact is { } compact ? compact.Product(input, linear.Bias?.Value) : Aten.Linear(input, linear.Weight.Value, linear.Bias?.Value);

    private static void Accumulate(Tensor parameter, Tensor gradient)
    {
        if (!parameter.requires_grad)
        {
            return;
        }
        using Tensor? earlier = parameter.grad;
        if (earlier is null)
        {
            using Tensor first = gradient.to(parameter.dtype).contiguous();
            parameter.grad = first;
        }
        else
        {
            earlier.add_(gradient);
        }
    }

    // The small matrices are widened for the kernels, which is cheap beside their products with all tokens.
    private static Tensor Wide(Tensor matrix) => matrix.dtype == ScalarType.Float32 ? matrix : matrix.to(ScalarType.Float32);

    private Tensor Dropped(Tensor input) => _mask is null ? input : input * _mask;
}
