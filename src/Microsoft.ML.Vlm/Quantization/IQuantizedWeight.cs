using Microsoft.ML.Vlm.Torch;
using Microsoft.ML.Vlm.Torch.Kernels;
using static TorchSharp.torch;

namespace Microsoft.ML.Vlm.Quantization;

/// <summary>A frozen matrix of a linear layer as codes and scales. No full-precision copy of it exists beside the moments in which it is used.</summary>
internal interface IQuantizedWeight : IDisposable
{
    /// <summary><c>[out, in]</c>.</summary>
    IReadOnlyList<long> Shape { get; }

    /// <summary>Where the codes are.</summary>
    Device Device { get; }

    /// <summary>Type in which products with it are computed.</summary>
    ScalarType ComputeType { get; }

    /// <summary>Bytes of codes and scales.</summary>
    long ByteCount { get; }

    /// <summary>Moves codes and scales to a device.</summary>
    void MoveTo(Device device);

    /// <summary>The matrix, <c>[out, in]</c>, a new tensor in the caller's scope.</summary>
    Tensor Dequantize(ScalarType type);

    /// <summary>Writes the matrix.</summary>
    /// <param name="result"><c>[out, in]</c>, contiguous, on <see cref="Device"/>.</param>
    void DequantizeInto(Tensor result);

    /// <summary><c>x Wᵀ</c> without gradient.</summary>
    /// <param name="input"><c>[..., in]</c>, in <see cref="ComputeType"/>.</param>
    /// <returns><c>[..., out]</c>, in the same type, in the caller's scope.</returns>
    Tensor Product(Tensor input);

    /// <summary>The codes where they lie, for products with single vectors, in which weights are as exact as float32; they stay the weight's. Null where the kernels cannot read them.</summary>
    /// <param name="body">Body of the kernel; null for the widest that the processor has.</param>
    VectorProduct? OpenProduct(KernelBody? body = null);

    /// <summary><c>g W</c>: what a gradient of the product is for the input.</summary>
    /// <param name="gradient"><c>[..., out]</c>, in <see cref="ComputeType"/>.</param>
    /// <returns><c>[..., in]</c>, in the same type, in the caller's scope.</returns>
    Tensor Back(Tensor gradient);

    /// <summary>Codes and scales under the names and in the layout of bitsandbytes. They stay the weight's but for small ones, which belong to the caller's scope.</summary>
    /// <param name="name">Name of the weight, such as <c>model.layers.0.self_attn.q_proj.weight</c>.</param>
    IEnumerable<KeyValuePair<string, Tensor>> ToTensors(string name);
}
