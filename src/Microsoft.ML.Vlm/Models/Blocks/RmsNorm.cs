using Microsoft.ML.Vlm.Torch;
using static TorchSharp.torch;

namespace Microsoft.ML.Vlm.Models.Blocks;

/// <summary>Root-mean-square normalization (Zhang and Sennrich 2019): <c>y = w * x / sqrt(mean(x²) + epsilon)</c>.</summary>
/// <param name="weight"><c>[width]</c>.</param>
/// <param name="epsilon">Added to the mean square.</param>
internal sealed class RmsNorm(Weight weight, double epsilon)
{
    /// <summary><c>[width]</c>.</summary>
    public Weight Weight { get; } = weight;

    /// <summary>Added to the mean square.</summary>
    public double Epsilon => epsilon;

    /// <summary>Normalizes the last dimension of <c>[..., width]</c>.</summary>
    public Tensor Forward(Tensor input)
    {
        if (KernelChoice.Applies(input, Weight.Value))
        {
            return VectorKernels.RmsNorm(input, Weight.Value, epsilon);
        }
        if (input.dtype == ScalarType.Float32)
        {
            return Aten.RmsNorm(input, Weight.As(ScalarType.Float32), epsilon);
        }

        // The reference normalizes in float32, rounds, and only then multiplies by the weight.
        using var scope = NewDisposeScope();
        Tensor wide = input.to(ScalarType.Float32);
        Tensor normalized = wide * rsqrt(wide.square().mean([-1], keepdim: true) + epsilon);
        return (normalized.to(input.dtype) * Weight.As(input.dtype)).MoveToOuterDisposeScope();
    }

    /// <summary>The gradient of <see cref="Forward"/> by its input, where <see cref="KernelChoice.Applies"/>.</summary>
    /// <param name="input">What was normalized.</param>
    /// <param name="gradient">By the result.</param>
    public Tensor Backward(Tensor input, Tensor gradient)
    {
        if (KernelChoice.Applies(input, Weight.Value, gradient))
        {
            return VectorKernels.RmsNormBackward(input, Weight.Value, epsilon, gradient);
        }
        // With s = rsqrt(mean(x²) + ε) and g' = g w: s (g' - x s² mean(g' x)), in float32.
        using var scope = NewDisposeScope();
        Tensor x = input.to(ScalarType.Float32), weighted = gradient.to(ScalarType.Float32) * Weight.Value.to(ScalarType.Float32);
        Tensor inverse = rsqrt(x.square().mean([-1], keepdim: true) + epsilon), dot = (weighted * x).mean([-1], keepdim: true);
        return (weighted - (x * (dot * inverse.square()))).mul_(inverse).to(input.dtype).MoveToOuterDisposeScope();
    }
}
