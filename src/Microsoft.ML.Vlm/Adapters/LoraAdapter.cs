using Microsoft.ML.Vlm.Models;
using Microsoft.ML.Vlm.Models.Blocks;
using Microsoft.ML.Vlm.Torch;
using static TorchSharp.torch;

namespace Microsoft.ML.Vlm.Adapters;

/// <summary>
/// A low-rank update of one linear layer (Hu et al. 2021): <c>y += scale B A dropout(x)</c>; with magnitudes (DoRA) each row of the updated weight has a length of its own.
/// </summary>
internal sealed class LoraAdapter : ILinearAdapter, IDisposable
{
    private readonly AdapterSet _set;
    private Tensor? _squaredNorms;
    private Tensor? _rowNorms;

    /// <summary>Takes over two tensors, as leaves of the autograd graph.</summary>
    /// <param name="layer">The layer it belongs to.</param>
    /// <param name="a"><c>[r, in]</c>.</param>
    /// <param name="b"><c>[out, r]</c>.</param>
    /// <param name="scale">What the product is multiplied by.</param>
    /// <param name="set">The set it belongs to, which knows dropout and type.</param>
    public LoraAdapter(Linear layer, Tensor a, Tensor b, double scale, AdapterSet set)
    {
        Layer = layer;
        A = set.AsLeaf(a);
        B = set.AsLeaf(b);
        Scale = scale;
        _set = set;
    }

    /// <summary>The layer that wears it.</summary>
    public Linear Layer { get; set; }

    /// <summary><c>[r, in]</c>, of the set's type.</summary>
    public Tensor A { get; }

    /// <summary><c>[out, r]</c>, of the set's type.</summary>
    public Tensor B { get; }

    /// <inheritdoc/>
    public Generator? Random => _set.Random;

    /// <summary>What the product is multiplied by: alpha / r, or alpha / sqrt(r).</summary>
    public double Scale { get; }

    /// <summary>DoRA's lengths of the rows, <c>[out]</c> of the set's type; null for plain LoRA.</summary>
    public Tensor? Magnitude { get; private set; }

    /// <summary>The matrices that were taken out of the weight (PiSSA, OLoRA); null when it keeps all it has.</summary>
    public (Tensor A, Tensor B)? Start { get; private set; }

    /// <summary>All tensors that train: A, B and the magnitudes.</summary>
    public IEnumerable<Tensor> Parameters => Magnitude is null ? [A, B] : [A, B, Magnitude];

    /// <summary>Makes it a DoRA adapter.</summary>
    /// <param name="magnitude"><c>[out]</c>, taken over; null for the lengths that the rows have now, so that nothing changes.</param>
    public void UseMagnitude(Tensor? magnitude)
        => Magnitude = _set.AsLeaf(magnitude ?? Dora.RowNorms(Layer.Weight.Value, A, B, Scale));

    /// <summary>Takes the product of two matrices out of the weight. The weight itself stays: they are subtracted while computing.</summary>
    /// <param name="a"><c>[r, in]</c>, taken over.</param>
    /// <param name="b"><c>[out, r]</c>, taken over.</param>
    public void TakeOut(Tensor a, Tensor b) => Start = (a.DetachFromDisposeScope(), b.DetachFromDisposeScope());

    /// <summary>The matrices whose product is the whole update: A and B, and below and beside them what was taken out.</summary>
    public (Tensor A, Tensor B) Factors() => Start is not var (a, b) ? (A, B) : (cat([A, a], 0), cat([B, b.neg()], 1));

    /// <inheritdoc/>
    public LowRankUpdate? LowRank => Magnitude is null && Start is null ? new(A, B, Scale, _set.DrawMask) : null;

    /// <summary>Adds the update to <paramref name="output"/>, computing in its type; in place without magnitudes.</summary>
    public Tensor Apply(Tensor input, Tensor output)
    {
        if (LowRank is not null && output.is_contiguous() && LowRankProducts.Apply(input, A, B))
        {
            using Tensor? mask = _set.DrawMask(input);
            using Tensor dropped = mask is null ? input.alias() : input * mask;
            LowRankProducts.AddUpdate(output, dropped, A, B, Scale).Dispose();
            return output;
        }

        (Tensor a, Tensor b) = Factors();
        Tensor x = _set.Drop(input), narrow = As(a, input.dtype);
        if (Magnitude is null)
        {
            Rows(output).addmm_(nn.functional.linear(Rows(x), narrow), As(b, input.dtype).t(), 1, (float)Scale);
            return output;
        }

        Tensor weight = Layer.Weight.As(input.dtype), update = nn.functional.linear(nn.functional.linear(x, narrow), As(b, input.dtype)).mul_(Scale);
        Tensor ratio = As(Magnitude / RowNorms(weight, narrow, b), input.dtype);
        if (!ReferenceEquals(x, input))
        {
            // PEFT drops out what the scaled base weight sees too, but not what the layer itself gives.
            return output + ((ratio - 1) * nn.functional.linear(x, weight)) + (ratio * update);
        }
        return Layer.Bias?.As(input.dtype) is { } bias ? ((output - bias + update) * ratio) + bias : (output + update) * ratio;
    }

    /// <inheritdoc/>
    public FixedUpdate? Freeze()
    {
        if (Random is not null)
        {
            return null;
        }
        using var scope = NewDisposeScope();
        using var values = no_grad();
        (Tensor a, Tensor b) = Factors();
        Tensor? ratio = null;
        if (Magnitude is not null)
        {
            Tensor weight = Layer.Weight.Value;
            ratio = (Magnitude / RowNorms(weight, As(a, weight.dtype), b)).detach().contiguous().MoveToOuterDisposeScope();
        }
        return new(
            a.detach().to(ScalarType.Float32).contiguous().MoveToOuterDisposeScope(), b.detach().to(ScalarType.Float32).t().contiguous().MoveToOuterDisposeScope(), Scale, ratio);
    }

    /// <summary>Forgets what follows from the values of the matrices, because they are going to change or have changed.</summary>
    public void Forget()
    {
        _rowNorms?.Dispose();
        _rowNorms = null;
    }

    /// <summary>A weight with the update in it, float32 <c>[out, in]</c>, in the caller's scope.</summary>
    /// <param name="weight">The layer's weight, of any type.</param>
    public Tensor MergedWeight(Tensor weight)
    {
        using var scope = NewDisposeScope();
        using var values = no_grad();
        (Tensor a, Tensor b) = Factors();
        Tensor merged = Dora.Adapted(weight.to(A.device), a, b, Scale);
        return (Magnitude is null ? merged : merged.mul_((Magnitude / linalg.norm(merged, dims: [1])).unsqueeze(1))).MoveToOuterDisposeScope();
    }

    /// <summary>Square of the Frobenius norm of what the adapter adds to the weight.</summary>
    public double SquaredUpdateNorm()
    {
        using var scope = NewDisposeScope();
        using var values = no_grad();
        if (Magnitude is not null)
        {
            return (MergedWeight(Layer.Weight.Value) - Layer.Weight.Value.to(ScalarType.Float32)).square().sum(ScalarType.Float64).item<double>();
        }

        // |B A|² is the trace of (Bᵀ B)(A Aᵀ), two small matrices.
        (Tensor a, Tensor b) = Factors();
        (a, b) = (a.to(ScalarType.Float64), b.to(ScalarType.Float64));
        return Math.Max(0, Scale * Scale * b.t().mm(b).mul_(a.mm(a.t())).sum().item<double>());
    }

    /// <summary>Frees the tensors.</summary>
    public void Dispose()
    {
        foreach (Tensor tensor in Parameters)
        {
            tensor.Dispose();
        }
        Start?.A.Dispose();
        Start?.B.Dispose();
        _squaredNorms?.Dispose();
        Forget();
    }

    // While answering the lengths stay the same from token to token; computing them reads the whole weight once more.
    private Tensor RowNorms(Tensor weight, Tensor a, Tensor b)
    {
        if (_rowNorms is not null && !is_grad_enabled())
        {
            return _rowNorms;
        }
        _squaredNorms ??= SquaredNorms(Layer.Weight.Value);
        Tensor norms = Dora.RowNormsOf(weight, _squaredNorms, a, b, Scale);
        if (!is_grad_enabled() && _set.IsServing)
        {
            _rowNorms = norms.DetachFromDisposeScope();
        }
        return norms;
    }

    private static Tensor SquaredNorms(Tensor weight)
    {
        using var scope = NewDisposeScope();
        using var values = no_grad();
        return weight.detach().to(ScalarType.Float32).square().sum(1).DetachFromDisposeScope();
    }

    private static Tensor Rows(Tensor tensor) => tensor.dim() == 2 ? tensor : tensor.view(-1, tensor.size(-1));

    private static Tensor As(Tensor master, ScalarType type) => master.dtype == type ? master : master.to(type);
}
