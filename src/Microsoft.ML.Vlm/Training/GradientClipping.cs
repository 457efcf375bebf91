using TorchSharp;
using static TorchSharp.torch;

namespace Microsoft.ML.Vlm.Training;

/// <summary>Clipping of gradients by their common norm (Pascanu et al. 2013), as <c>clip_grad_norm_</c> computes it.</summary>
internal static class GradientClipping
{
    /// <summary>Euclidean norm of all gradients together.</summary>
    /// <param name="gradients">At least one tensor, all on one device.</param>
    public static double Norm(IReadOnlyList<Tensor> gradients)
    {
        using var scope = NewDisposeScope();
        return stack(gradients.Select(gradient => linalg.norm(gradient.flatten()))).norm().ToDouble();
    }

    /// <summary>What gradients are multiplied by: <c>maximum / (norm + 1e-6)</c>, at most 1.</summary>
    /// <param name="norm">Their norm.</param>
    /// <param name="maximum">The longest norm allowed; 0 switches clipping off.</param>
    public static double Factor(double norm, double maximum) => maximum == 0 ? 1 : Math.Min(1, maximum / (norm + 1e-6));

    /// <summary>Shortens gradients in place when they are too long.</summary>
    /// <param name="gradients">All gradients of a step.</param>
    /// <param name="maximum">The longest norm allowed; 0 switches clipping off.</param>
    /// <returns>The norm before clipping.</returns>
    public static double Clip(IReadOnlyList<Tensor> gradients, double maximum)
    {
        double norm = Norm(gradients), factor = Factor(norm, maximum);
        if (factor < 1)
        {
            using Scalar scale = factor.ToScalar();
            foreach (Tensor gradient in gradients)
            {
                gradient.mul_(scale);
            }
        }
        return norm;
    }
}
