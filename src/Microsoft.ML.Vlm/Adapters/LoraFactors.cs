using static TorchSharp.torch;

namespace Microsoft.ML.Vlm.Adapters;

/// <summary>How the two matrices of a low-rank adapter begin; the formulas are those of PEFT.</summary>
internal static class LoraFactors
{
    // PEFT's choice: small, because the product is zero only up to the difference that training makes.
    private const double OrthogonalShrink = 10;

    /// <summary>Whether an initialization takes its values out of the weight, which then has to lose them.</summary>
    public static bool TakeFromWeight(LoraInitialization initialization) => initialization is LoraInitialization.Pissa or LoraInitialization.Olora;

    /// <summary>New matrices.</summary>
    /// <param name="initialization">Which.</param>
    /// <param name="weight">The layer's weight, <c>[out, in]</c>.</param>
    /// <param name="rank">r; for those that take from the weight at most its smaller side.</param>
    /// <param name="scale">What the product will be multiplied by.</param>
    /// <param name="generator">Random numbers of the CPU.</param>
    /// <returns>Float32 <c>[r, in]</c> and <c>[out, r]</c>, in the caller's scope.</returns>
    /// <exception cref="ArgumentException">The rank exceeds a side of a weight that the values are taken from.</exception>
    public static (Tensor A, Tensor B) Create(LoraInitialization initialization, Tensor weight, int rank, double scale, Generator generator)
    {
        long outputs = weight.size(0), inputs = weight.size(1);
        return initialization switch
        {
            LoraInitialization.Gaussian => (Normal(generator, rank, inputs).div_(rank), zeros(outputs, rank)),
            LoraInitialization.Orthogonal => Orthogonal(inputs, outputs, rank, generator),
            LoraInitialization.Pissa or LoraInitialization.Olora => FromWeight(initialization, weight, rank, scale),
            _ => (Uniform(generator, rank, inputs, 1 / Math.Sqrt(inputs)), zeros(outputs, rank)),
        };
    }

    /// <summary>The matrices that PiSSA or OLoRA take out of a weight: no random numbers, so that a saved adapter finds them again.</summary>
    /// <inheritdoc cref="Create"/>
    public static (Tensor A, Tensor B) FromWeight(LoraInitialization initialization, Tensor weight, int rank, double scale)
    {
        if (rank > Math.Min(weight.size(0), weight.size(1)))
        {
            throw new ArgumentException($"The initialization {initialization} takes {rank} directions out of a weight of [{string.Join(", ", weight.shape)}]; use a rank of at most its smaller side.", nameof(rank));
        }
        using var scope = NewDisposeScope();
        using var values = no_grad();
        Tensor wide = weight.detach().cpu().to(ScalarType.Float32);
        if (initialization == LoraInitialization.Olora)
        {
            (Tensor q, Tensor r) = linalg.qr(wide);
            return (r.narrow(0, 0, rank).contiguous().MoveToOuterDisposeScope(), q.narrow(1, 0, rank).contiguous().MoveToOuterDisposeScope());
        }
        (Tensor left, Tensor singular, Tensor right) = linalg.svd(wide, fullMatrices: false);
        Tensor root = singular.narrow(0, 0, rank).div(scale).sqrt();
        Tensor a = right.narrow(0, 0, rank).mul(root.unsqueeze(1)), b = left.narrow(1, 0, rank).mul(root);
        return (a.contiguous().MoveToOuterDisposeScope(), b.contiguous().MoveToOuterDisposeScope());
    }

    // The odd and the even rows of a rotation are orthogonal to each other, and with them the row space of B to the column space of A.
    private static (Tensor A, Tensor B) Orthogonal(long inputs, long outputs, int rank, Generator generator)
    {
        using var scope = NewDisposeScope();
        (Tensor rotation, _) = linalg.qr(Normal(generator, rank, rank));
        Tensor odd = rotation.view(rank / 2, 2, rank).select(1, 0), even = rotation.view(rank / 2, 2, rank).select(1, 1);
        Tensor a = Normal(generator, inputs, rank / 2).mm(odd).t().div(OrthogonalShrink), b = Normal(generator, rank / 2, outputs).t().mm(even).div(OrthogonalShrink);
        return (a.contiguous().MoveToOuterDisposeScope(), b.contiguous().MoveToOuterDisposeScope());
    }

    private static Tensor Uniform(Generator generator, long rows, long columns, double bound)
        => rand([rows, columns], dtype: ScalarType.Float32, generator: generator).mul_(2 * bound).sub_(bound);

    private static Tensor Normal(Generator generator, long rows, long columns) => randn([rows, columns], dtype: ScalarType.Float32, generator: generator);
}
