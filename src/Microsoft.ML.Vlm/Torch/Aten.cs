using TorchSharp;
using static Microsoft.ML.Vlm.Torch.TorchDispatcher;
using static TorchSharp.torch;

namespace Microsoft.ML.Vlm.Torch;

/// <summary>Operations of libtorch that TorchSharp does not offer, or offers without the arguments needed here. All of them take part in autograd.</summary>
internal static unsafe class Aten
{
    private static readonly Optional s_none = new(null);

    /// <summary>Attention with fewer key/value heads than query heads and a free scale.</summary>
    /// <param name="query"><c>[batch, heads, queries, head size]</c>.</param>
    /// <param name="key"><c>[batch, key/value heads, keys, head size]</c>; the number of heads divides that of the query.</param>
    /// <param name="value">Shape of <paramref name="key"/>.</param>
    /// <param name="mask">Null, or booleans (true = may be seen) or added numbers, <c>[queries, keys]</c> or broadcastable.</param>
    /// <param name="isCausal">Query i sees keys 0..i; only without a mask.</param>
    /// <param name="scale">Null for 1/sqrt(head size).</param>
    /// <returns><c>[batch, heads, queries, head size]</c>.</returns>
    public static Tensor ScaledDotProductAttention(Tensor query, Tensor key, Tensor value, Tensor? mask = null, bool isCausal = false, double? scale = null)
        => Call("aten::scaled_dot_product_attention", "", query, key, value, new Optional(mask), 0.0, isCausal, new Optional(scale), query.size(1) != key.size(1));

    /// <summary>Root-mean-square normalization over the last dimension (Zhang and Sennrich 2019).</summary>
    public static Tensor RmsNorm(Tensor input, Tensor weight, double epsilon)
        => Call("aten::rms_norm", "", input, new object[] { input.size(-1) }, new Optional(weight), new Optional(epsilon));

    /// <summary><c>input weightᵀ + bias</c>, without gradients, by the library that is fastest on this processor; the weight may be a transposed view.</summary>
    /// <param name="input"><c>[rows, in]</c>.</param>
    /// <param name="weight"><c>[out, in]</c>, the input's type.</param>
    /// <param name="bias"><c>[out]</c>, or null.</param>
    public static Tensor Linear(Tensor input, Tensor weight, Tensor? bias = null)
        => input.dtype == ScalarType.Float32 && KernelChoice.HasOneDnn && input.device_type == DeviceType.CPU
            ? Call("mkldnn::_linear_pointwise", "", input, weight, new Optional(bias), "none", Array.Empty<object>(), s_none)
            : nn.functional.linear(input, weight, bias);

    /// <summary>Gradient of x sigmoid(x) by x.</summary>
    /// <param name="gradient">Of the result.</param>
    /// <param name="input">x, the same shape.</param>
    public static Tensor SiluBackward(Tensor gradient, Tensor input) => Call("aten::silu_backward", "", gradient, input);

    /// <summary>Rows of <paramref name="table"/> <c>[rows, width]</c> chosen by int64 <paramref name="indices"/>.</summary>
    public static Tensor Embedding(Tensor table, Tensor indices)
        => Call("aten::embedding", "", table, indices, -1L, false, false);

    /// <summary>One decoupled-weight-decay Adam step (Loshchilov and Hutter 2019) on all tensors at once, in place.</summary>
    /// <param name="parameters">Updated in place.</param>
    /// <param name="gradients">Same shapes.</param>
    /// <param name="firstMoments">Updated in place.</param>
    /// <param name="secondMoments">Updated in place.</param>
    /// <param name="steps">One float32 scalar a parameter: the number of this step, counted from 1.</param>
    /// <param name="learningRate">Step size.</param>
    /// <param name="beta1">Decay of the first moment.</param>
    /// <param name="beta2">Decay of the second moment.</param>
    /// <param name="weightDecay">Decay of the weights, times the learning rate.</param>
    /// <param name="epsilon">Added to the root of the second moment.</param>
    public static void FusedAdamW(
        Tensor[] parameters, Tensor[] gradients, Tensor[] firstMoments, Tensor[] secondMoments, Tensor[] steps,
        double learningRate, double beta1, double beta2, double weightDecay, double epsilon)
        => CallVoid("aten::_fused_adamw_", "", parameters, gradients, firstMoments, secondMoments, Array.Empty<Tensor>(), steps,
            learningRate, beta1, beta2, weightDecay, epsilon, false, false, s_none, s_none);

    /// <summary>The product of two int8 matrices <c>[n, k]</c> and <c>[k, m]</c> as int32 <c>[n, m]</c>; exact.</summary>
    public static Tensor IntegerProduct(Tensor left, Tensor right) => Call("aten::_int_mm", "", left, right);

    /// <summary>A tensor over memory that the caller owns and keeps alive; nothing is copied.</summary>
    public static Tensor FromPointer(void* data, ReadOnlySpan<long> shape, ScalarType type) => FromBlob(data, shape, type);

    /// <summary>
    /// The same memory outside the autograd graph. What is written through it goes unnoticed by graphs that keep <paramref name="tensor"/>: the writer restores the values
    /// before gradients go through them.
    /// </summary>
    public static Tensor Data(Tensor tensor) => Call("aten::data", "", tensor);

    /// <summary>Address of the first element. Valid while the tensor lives; the caller sees to device, type and layout.</summary>
    public static T* Address<T>(Tensor tensor)
        where T : unmanaged => (T*)DataPointer(tensor);

    /// <summary>The same bytes read as another type: a view whose last dimension is as many times longer or shorter as the types differ in size.</summary>
    public static Tensor Reinterpret(Tensor tensor, ScalarType type) => Call("aten::view", "dtype", tensor, type);

    /// <summary>The elements of a contiguous CPU tensor in place. Valid while the tensor lives.</summary>
    /// <exception cref="ArgumentException">The tensor is not contiguous, not on the CPU, or its elements have another size than <typeparamref name="T"/>.</exception>
    public static Span<T> Elements<T>(Tensor tensor)
        where T : unmanaged
    {
        if (!tensor.is_contiguous() || tensor.device_type != DeviceType.CPU || tensor.ElementSize != sizeof(T))
        {
            throw new ArgumentException($"Elements<{typeof(T).Name}> needs a contiguous CPU tensor of that element size, not {tensor.dtype} on {tensor.device_type}.", nameof(tensor));
        }
        return new Span<T>(DataPointer(tensor), checked((int)tensor.numel()));
    }
}
