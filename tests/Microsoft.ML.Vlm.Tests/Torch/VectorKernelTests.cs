using Microsoft.ML.Vlm.Models;
using Microsoft.ML.Vlm.Models.Blocks;
using Microsoft.ML.Vlm.Torch;
using static TorchSharp.torch;

namespace Microsoft.ML.Vlm.Tests.Torch;

/// <summary>The kernels against libtorch's own operations, at widths that fill vectors and that do not.</summary>
public sealed class VectorKernelTests
{
    public static TheoryData<ScalarType, int> Shapes => new MatrixTheoryData<ScalarType, int>([ScalarType.Float32, ScalarType.BFloat16], [1, 2, 15, 16, 33, 64, 200, 577]);

    [Theory]
    [MemberData(nameof(Shapes))]
    public void Rms_norm(ScalarType type, int width)
    {
        using var scope = NewDisposeScope();
        Tensor x = Random(type, 5, width), weight = Random(type, width), gradient = Random(type, 5, width), leaf = Wide(x).requires_grad_(true);
        Tensor expected = leaf * rsqrt(leaf.square().mean([-1], keepdim: true) + 1e-5) * Wide(weight);
        Near(expected, VectorKernels.RmsNorm(x, weight, 1e-5));
        autograd.backward(expected, Wide(gradient));
        Near(leaf.grad!, VectorKernels.RmsNormBackward(x, weight, 1e-5, gradient));
    }

    [Theory]
    [MemberData(nameof(Shapes))]
    public void Rotary_positions(ScalarType type, int half)
    {
        using var scope = NewDisposeScope();
        Tensor x = Random(type, 3, 2, 2 * half), angle = rand(3, 1, half) * 6, cosine = cat([angle.cos(), angle.cos()], -1).to(type), sine = cat([angle.sin(), angle.sin()], -1).to(type);
        Tensor leaf = Wide(x).requires_grad_(true), turned = cat([leaf.narrow(-1, half, half).neg(), leaf.narrow(-1, 0, half)], -1);
        Tensor expected = (leaf * Wide(cosine)) + (turned * Wide(sine));
        Near(expected, VectorKernels.Rotate(x, cosine, sine));
        autograd.backward(expected, Wide(x));
        Near(leaf.grad!, VectorKernels.Rotate(x, cosine, sine, isBackward: true));
    }

    [Theory]
    [MemberData(nameof(Shapes))]
    public void Gated_and_smooth_activations(ScalarType type, int width)
    {
        using var scope = NewDisposeScope();
        Tensor gate = Random(type, 3, width).mul_(4), up = Random(type, 3, width), gradient = Random(type, 3, width);
        Tensor g = Wide(gate).requires_grad_(true), u = Wide(up).requires_grad_(true), expected = nn.functional.silu(g) * u;
        Near(expected, VectorKernels.SwiGlu(gate, up));
        autograd.backward(expected, Wide(gradient));
        (Tensor gateGradient, Tensor upGradient) = VectorKernels.SwiGluBackward(gate, up, gradient);
        Near(g.grad!, gateGradient);
        Near(u.grad!, upGradient);

        Tensor smooth = nn.functional.gelu(Wide(gate), approximate: TorchSharp.Modules.GELU.Approximate.tanh);
        VectorKernels.GeluInPlace(gate);
        Near(smooth, gate);
    }

    [Theory]
    [MemberData(nameof(Shapes))]
    public void Softmax(ScalarType type, int width)
    {
        using var scope = NewDisposeScope();
        Tensor x = Random(type, 4, width).mul_(30);
        Tensor expected = (Wide(x) * 0.3).softmax(-1);
        VectorKernels.SoftmaxInPlace(x, 0.3);
        Near(expected, x);
    }

    [Theory]
    [MemberData(nameof(Shapes))]
    public void Cross_entropy(ScalarType type, int width)
    {
        using var scope = NewDisposeScope();
        Tensor x = Random(type, 3, width).mul_(5), targets = tensor(new long[] { 0, width / 2, width - 1 }), leaf = Wide(x).requires_grad_(true);
        Tensor expected = nn.functional.cross_entropy(leaf, targets, reduction: nn.Reduction.Sum), p = leaf.softmax(-1), logP = leaf.log_softmax(-1);
        (expected / 7).backward();
        long right = leaf.argmax(1).eq(targets).sum().item<long>();
        (double loss, double entropy, long correct) = VectorKernels.CrossEntropyInPlace(x, targets, 7);
        Assert.Equal(expected.item<float>(), loss, 1e-4);
        Assert.Equal(-(p * logP).sum().item<float>(), entropy, 1e-4);
        Assert.Equal(right, correct);
        Near(leaf.grad!, x);
    }

    [Fact]
    public void Cross_entropy_counts_the_first_of_equal_logits_and_keeps_what_is_not_a_number()
    {
        using var scope = NewDisposeScope();
        Assert.Equal(2, VectorKernels.CrossEntropyInPlace(zeros(3, 40), tensor(new long[] { 0, 20, 0 }), 1).Correct);
        Assert.Equal(1, VectorKernels.CrossEntropyInPlace(zeros(1, 40), tensor(new long[] { 0 }), 1).Correct);
        Tensor broken = zeros(1, 40);
        broken[0, 17] = float.NaN;
        Assert.Equal(double.NaN, VectorKernels.CrossEntropyInPlace(broken, tensor(new long[] { 3 }), 1).Loss);
    }

    [Theory]
    [MemberData(nameof(Shapes))]
    public void Low_rank_products(ScalarType type, int width)
    {
        using var scope = NewDisposeScope();
        foreach (int rank in (int[])[1, 3, 8, 9, 16])
        {
            Tensor rows = Random(type, 6, width), matrix = randn(rank, width), factors = randn(6, rank);
            Close(Wide(rows).matmul(matrix.t()) * 0.5, LowRankProducts.Project(rows, matrix, 0.5), ScalarType.Float32);
            Close(factors.t().matmul(Wide(rows)), LowRankProducts.Outer(rows, factors), ScalarType.Float32);
            Tensor sum = Wide(rows) + factors.matmul(matrix);
            LowRankProducts.Add(rows, factors, matrix);
            Close(sum, rows, rank > 8 ? ScalarType.BFloat16 : type);
        }
    }

    [Theory]
    [MemberData(nameof(Shapes))]
    public void Low_rank_products_by_torch_s_operations(ScalarType type, int width)
    {
        using var scope = NewDisposeScope();
        Tensor rows = Random(type, 6, width), matrix = randn(3, width), factors = randn(6, 3), sum = Wide(rows) + factors.matmul(matrix);
        Close(Wide(rows).matmul(matrix.t()) * 0.5, LowRankOperations.Project(rows, matrix, 0.5), type);
        Close(factors.t().matmul(Wide(rows)), LowRankOperations.Outer(rows, factors), type);
        LowRankOperations.Add(rows, factors, matrix);
        Close(sum, rows, type);
    }

    [Theory]
    [MemberData(nameof(Shapes))]
    public void Ways_back_by_torch_s_operations(ScalarType type, int width)
    {
        using var scope = NewDisposeScope();
        using Weight scale = new("norm", Random(type, width).DetachFromDisposeScope());
        RmsNorm norm = new(scale, 1e-5);
        Tensor x = Random(type, 5, width), up = Random(type, 5, width), gradient = Random(type, 5, width), heads = Random(type, 3, 2, 2 * width), angle = rand(3, 1, width) * 6;
        (Tensor, Tensor) angles = (cat([angle.cos(), angle.cos()], -1).to(type), cat([angle.sin(), angle.sin()], -1).to(type));
        Tensor[] expected = Compute();
        KernelChoice.IsByTorch = true;
        try
        {
            foreach ((Tensor left, Tensor right) in expected.Zip(Compute()))
            {
                Near(left, right);
            }
        }
        finally
        {
            KernelChoice.IsByTorch = false;
        }

        Tensor[] Compute()
        {
            (Tensor ofGate, Tensor ofUp) = GatedMlp.OpenBackward(x, up, gradient);
            return [norm.Backward(x, gradient), RotaryEmbedding.ApplyBackward(heads, angles), ofGate, ofUp];
        }
    }

    [Theory]
    [InlineData(ScalarType.Float32, true)]
    [InlineData(ScalarType.Float32, false)]
    [InlineData(ScalarType.BFloat16, true)]
    public void Linear_layers_and_their_gradients(ScalarType type, bool hasBias)
    {
        using var scope = NewDisposeScope();
        Tensor[] Leaves() => [.. ((Tensor[])[Random(type, 2, 5, 7), Random(type, 3, 7), Random(type, 3)]).Select(tensor => tensor.requires_grad_(true))];
        Tensor[] actual = Leaves(), expected = [.. actual.Select(tensor => tensor.detach().clone().requires_grad_(true))];
        Tensor result = LinearProduct.Apply(actual[0], actual[1], hasBias ? actual[2] : null), reference = nn.functional.linear(expected[0], expected[1], hasBias ? expected[2] : null);
        Close(reference, result, type);
        Tensor gradient = Random(type, 2, 5, 3);
        autograd.backward(result, gradient);
        autograd.backward(reference, gradient);
        foreach ((Tensor left, Tensor right) in expected.Zip(actual).Take(hasBias ? 3 : 2))
        {
            Close(left.grad!, right.grad!, type);
        }
    }

    [Fact]
    public void Several_threads_give_the_same_bits()
    {
        using var scope = NewDisposeScope();
        Tensor x = randn(300, 577), weight = randn(577), matrix = randn(8, 577);
        int threads = get_num_threads();
        Tensor[] one = Compute();
        try
        {
            set_num_threads(3);
            Assert.All(one.Zip(Compute()), pair => Assert.True(pair.First.equal(pair.Second).all().item<bool>()));
        }
        finally
        {
            set_num_threads(threads);
        }

        Tensor[] Compute()
        {
            Tensor factors = LowRankProducts.Project(x, matrix, 1);
            return [VectorKernels.RmsNorm(x, weight, 1e-5), factors, LowRankProducts.Outer(x, factors)];
        }
    }

    private static Tensor Random(ScalarType type, params long[] shape) => randn(shape).to(type);

    private static Tensor Wide(Tensor tensor) => tensor.detach().to(ScalarType.Float32, copy: true);

    private static void Near(Tensor expected, Tensor actual) => Close(expected, actual, actual.dtype);

    // Float32 has 24 bits, of which sums over a row lose some; bfloat16 has 8.
    private static void Close(Tensor expected, Tensor actual, ScalarType type)
    {
        double relative = type == ScalarType.Float32 ? 2e-5 : 1.0 / 64;
        Assert.Equal(expected.shape, actual.shape);
        Tensor e = expected.detach().to(ScalarType.Float32), a = actual.detach().to(ScalarType.Float32);
        float scale = Math.Max(e.abs().max().item<float>(), 0.1f);
        Assert.InRange((e - a).abs().max().item<float>() / scale, 0, relative);
    }
}
