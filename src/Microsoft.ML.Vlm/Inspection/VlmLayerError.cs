namespace Microsoft.ML.Vlm;

/// <summary>What quantizing one linear layer costs.</summary>
/// <param name="Path">Module path of the layer, as <see cref="QuantOptions.SkipModules"/> takes it.</param>
/// <param name="OutputError">
/// Norm of the change of the layer's outputs on the measured rows, relative to the norm of the outputs: 0 for none. Inputs are those of the unquantized model.
/// </param>
/// <param name="WeightError">Norm of the change of the weights, relative to their norm.</param>
/// <param name="QuantizedBytes">Bytes of codes and scales.</param>
/// <param name="FullBytes">Bytes in 16 bits.</param>
public sealed record VlmLayerError(string Path, double OutputError, double WeightError, long QuantizedBytes, long FullBytes)
{
    /// <summary>Bytes that keeping the layer in 16 bits takes besides.</summary>
    public long ExtraBytes => FullBytes - QuantizedBytes;
}
