namespace Microsoft.ML.Vlm;

/// <content>Quantized base models as folders.</content>
public sealed partial class VlmTransformer
{
    /// <summary>
    /// Writes the quantized base model as transformers and bitsandbytes write it; they, and <c>ApplyVlm</c>, load it without quantizing again. The adapter is not in it:
    /// <see cref="SaveAdapter"/> writes that.
    /// </summary>
    /// <param name="directory">Created if need be; files of the same names are replaced, each only once it is complete.</param>
    /// <exception cref="InvalidOperationException">The base model is not quantized, or is the one in this folder.</exception>
    public void SaveQuantizedModel(string directory)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(directory);
        QuantOptions options = Settings.Quantization
            ?? throw new InvalidOperationException("This transformer's base model was not quantized on loading: set Quantization. What is stored quantized is in its folder already.");
        Engine.SaveQuantizedModel(directory, options);
    }
}
