using Microsoft.ML.Vlm.Torch;
using Microsoft.ML.Vlm.Torch.Kernels;
using static TorchSharp.torch;

namespace Microsoft.ML.Vlm.Quantization;

/// <summary>A frozen matrix of a linear layer as codes and scales.</summary>
internal interface IQuantizedWeight : ICompactWeight
{
    /// <summary>Null: codes are no numbers.</summary>
    Tensor? ICompactWeight.Stored => null;

    /// <summary>Moves codes and scales to a device.</summary>
    void MoveTo(Device device);

    /// <summary>The matrix, <c>[out, in]</c>, a new tensor in the caller's scope.</summary>
    Tensor Dequantize(ScalarType type);

    /// <summary>Writes the matrix.</summary>
    /// <param name="result"><c>[out, in]</c>, contiguous, on the device of the codes.</param>
    void DequantizeInto(Tensor result);

    /// <summary>Another matrix of the same shape, quantized in the same way; the caller frees it.</summary>
    /// <param name="values"><c>[out, in]</c>, any type, on the CPU.</param>
    IQuantizedWeight QuantizeLike(Tensor values);

    /// <summary>The codes where they lie, for products with single vectors, in which weights are as exact as float32. They stay the weight's; the caller frees the product. Null where the kernels cannot read them.</summary>
    /// <param name="body">Body of the kernel; null for the widest that the processor has.</param>
    VectorProduct? OpenProduct(KernelBody? body = null);

    /// <summary>Codes and scales under the names and in the layout of bitsandbytes. They stay the weight's but for small ones, which belong to the caller's scope.</summary>
    /// <param name="name">Name of the weight, such as <c>model.layers.0.self_attn.q_proj.weight</c>.</param>
    IEnumerable<KeyValuePair<string, Tensor>> ToTensors(string name);
}
