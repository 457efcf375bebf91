using static TorchSharp.torch;

namespace Microsoft.ML.Vlm.Adapters;

/// <summary>Weight-decomposed adapters (Liu et al. 2024): the length of every row of the adapted weight is a parameter of its own.</summary>
internal static class Dora
{
    /// <summary>Lengths of the rows of <c>W + scale B A</c>: what the magnitudes begin as.</summary>
    /// <param name="weight"><c>[out, in]</c>, any type.</param>
    /// <param name="a"><c>[r, in]</c>.</param>
    /// <param name="b"><c>[out, r]</c>.</param>
    /// <param name="scale">What the product is multiplied by.</param>
    /// <returns>Float32 <c>[out]</c>, without gradient.</returns>
    public static Tensor RowNorms(Tensor weight, Tensor a, Tensor b, double scale)
    {
        using var scope = NewDisposeScope();
        using var values = no_grad();
        return linalg.norm(Adapted(weight, a, b, scale), dims: [1]).MoveToOuterDisposeScope();
    }

    /// <summary><c>W + scale B A</c> in float32.</summary>
    /// <inheritdoc cref="RowNorms"/>
    public static Tensor Adapted(Tensor weight, Tensor a, Tensor b, double scale)
        => weight.detach().to(ScalarType.Float32).addmm(b.detach().to(ScalarType.Float32), a.detach().to(ScalarType.Float32), 1, (float)scale);

    /// <summary>
    /// The same lengths while training, without making the adapted weight: <c>|w + s bA|² = |w|² + 2 s b·(Aw) + s² b (A Aᵀ) bᵀ</c> for each row.
    /// </summary>
    /// <param name="weight"><c>[out, in]</c>, in the type of the activations.</param>
    /// <param name="squaredNorms">Float32 <c>[out]</c>, <c>|w|²</c>.</param>
    /// <param name="a"><c>[r, in]</c>, in the type of the activations.</param>
    /// <param name="b"><c>[out, r]</c>, any type.</param>
    /// <param name="scale">What the product is multiplied by.</param>
    /// <returns>Float32 <c>[out]</c>, without gradient, as the paper proposes in section 4.3.</returns>
    public static Tensor RowNormsOf(Tensor weight, Tensor squaredNorms, Tensor a, Tensor b, double scale)
    {
        using var scope = NewDisposeScope();
        using var values = no_grad();
        Tensor projected = weight.detach().mm(a.detach().t()).to(ScalarType.Float32), narrow = a.detach().to(ScalarType.Float32), wide = b.detach().to(ScalarType.Float32);
        Tensor update = wide.mm(narrow.mm(narrow.t())).mul_(scale * scale).add_(projected, 2 * scale);
        Tensor squares = update.mul_(wide).sum(1).add_(squaredNorms);

        // Rounding may take the square of a row that an update cancels below zero.
        return squares.clamp_min_(1e-12).sqrt_().MoveToOuterDisposeScope();
    }
}
