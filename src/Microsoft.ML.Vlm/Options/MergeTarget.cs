namespace Microsoft.ML.Vlm;

/// <summary>What an adapter that was trained on a quantized base (QLoRA) is merged into.</summary>
public enum MergeTarget
{
    /// <summary>
    /// The weights of the folder as they are stored, in 16 or 32 bits: the base as it was before it was quantized. The gap is that of the quantization. For a base that is not quantized
    /// the only one.
    /// </summary>
    Original,

    /// <summary>
    /// The numbers that the codes stand for, which are those that the adapter was trained on (<c>dequantize</c> and <c>merge_and_unload</c>): the smallest gap, in the size of the
    /// unquantized model.
    /// </summary>
    Dequantized,

    /// <summary>
    /// The merged weights quantized again in the same way, in the layout of transformers and bitsandbytes (PEFT's <c>merge_and_unload</c> on a quantized model): the smallest folder. The
    /// update is added to the stored weights where the folder holds them, else to what the codes stand for; either way much of a small update is lost between codes.
    /// </summary>
    Requantized,
}
