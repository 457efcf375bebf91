namespace Microsoft.ML.Vlm;

/// <content>Quantization of the base model.</content>
public abstract partial class VlmModelOptions
{
    /// <summary>
    /// Quantizes the linear layers of the base model while it is read (<c>load_in_4bit</c>, <c>load_in_8bit</c>, <c>quantization_config</c>), such as <see cref="QuantOptions.Nf4"/>.
    /// Null, the default, keeps them as the checkpoint has them. Layers that the checkpoint has quantized already stay so.
    /// </summary>
    public QuantOptions? Quantization { get; set; }
}
