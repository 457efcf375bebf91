using static TorchSharp.torch;

namespace Microsoft.ML.Vlm.Quantization;

/// <summary>A frozen matrix that is stored in fewer bits than it is computed with, and expanded whenever it is used: no expanded copy of it exists beside those moments.</summary>
internal interface ICompactWeight : IDisposable
{
    /// <summary><c>[out, in]</c>.</summary>
    IReadOnlyList<long> Shape { get; }

    /// <summary>Where it is.</summary>
    Device Device { get; }

    /// <summary>Type in which products with it are computed.</summary>
    ScalarType ComputeType { get; }

    /// <summary>Bytes as it is stored.</summary>
    long ByteCount { get; }

    /// <summary>The matrix as it is stored, where that is plain numbers; null for codes. It stays the weight's, and must not be written to.</summary>
    Tensor? Stored { get; }

    /// <summary><c>x Wᵀ + b</c> without gradient.</summary>
    /// <param name="input"><c>[..., in]</c>, in <see cref="ComputeType"/>.</param>
    /// <param name="bias"><c>[out]</c>, in <see cref="ComputeType"/>, or null.</param>
    /// <returns><c>[..., out]</c>, in the same type, in the caller's scope.</returns>
    Tensor Product(Tensor input, Tensor? bias = null);

    /// <summary><c>g W</c>: what a gradient of the product is for the input.</summary>
    /// <param name="gradient"><c>[..., out]</c>, in <see cref="ComputeType"/>.</param>
    /// <returns><c>[..., in]</c>, in the same type, in the caller's scope.</returns>
    Tensor Back(Tensor gradient);
}
