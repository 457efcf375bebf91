using Microsoft.ML.Vlm.Torch;
using static TorchSharp.torch;

namespace Microsoft.ML.Vlm.Models.Blocks;

/// <summary>Rotary position embedding (Su et al. 2021): the two halves of each head turn against each other by an angle that grows with the position.</summary>
/// <param name="headSize">Width of a head; even.</param>
/// <param name="theta">Base of the angles: pair <c>i</c> turns by <c>position * theta^(-2i / headSize)</c>.</param>
internal sealed class RotaryEmbedding(int headSize, double theta)
{
    /// <summary>Angle of each pair at position 1.</summary>
    /// <param name="headSize">Width of a head; even.</param>
    /// <param name="theta">Base of the angles.</param>
    public static float[] Frequencies(int headSize, double theta) => [.. Enumerable.Range(0, headSize / 2).Select(pair => (float)Math.Pow(theta, -2.0 * pair / headSize))];

    /// <summary>Cosines and sines of all angles, computed in float32 and rounded to the compute type, as the reference does.</summary>
    /// <param name="positions">int64 <c>[tokens]</c>.</param>
    /// <param name="type">Compute type.</param>
    /// <returns>Two tensors <c>[tokens, 1, head size]</c>; both halves of the last dimension are equal.</returns>
    public (Tensor Cosine, Tensor Sine) Angles(Tensor positions, ScalarType type)
    {
        using var scope = NewDisposeScope();
        Tensor angles = positions.to(ScalarType.Float32).unsqueeze(-1) * tensor(Frequencies(headSize, theta), device: positions.device);
        Tensor both = cat([angles, angles], -1).unsqueeze(1);
        return (both.cos().to(type).MoveToOuterDisposeScope(), both.sin().to(type).MoveToOuterDisposeScope());
    }

    /// <summary>Turns the heads.</summary>
    /// <param name="heads"><c>[tokens, heads, head size]</c>.</param>
    /// <param name="angles">What <see cref="Angles"/> gave for the same tokens.</param>
    /// <returns>Shape of <paramref name="heads"/>.</returns>
    public static Tensor Apply(Tensor heads, (Tensor Cosine, Tensor Sine) angles)
    {
        if (KernelChoice.Applies(heads, angles.Cosine, angles.Sine))
        {
            return VectorKernels.Rotate(heads, angles.Cosine, angles.Sine);
        }

        using var scope = NewDisposeScope();
        return (heads * angles.Cosine).add_(Turned(heads).mul_(angles.Sine)).MoveToOuterDisposeScope();
    }

    /// <summary>Turns back: the gradient of <see cref="Apply"/> by the heads, without autograd.</summary>
    /// <inheritdoc cref="Apply"/>
    public static Tensor ApplyBackward(Tensor heads, (Tensor Cosine, Tensor Sine) angles)
    {
        if (KernelChoice.Applies(heads, angles.Cosine, angles.Sine))
        {
            return VectorKernels.Rotate(heads, angles.Cosine, angles.Sine, isBackward: true);
        }
        using var scope = NewDisposeScope();
        return (heads * angles.Cosine).sub_(Turned(heads).mul_(angles.Sine)).MoveToOuterDisposeScope();
    }

    private static Tensor Turned(Tensor heads)
    {
        long half = heads.size(-1) / 2;
        return cat([heads.narrow(-1, half, half).neg(), heads.narrow(-1, 0, half)], -1);
    }
}
