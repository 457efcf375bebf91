namespace Microsoft.ML.Vlm;

public abstract partial class VlmTrainingOptions
{
    /// <summary>
    /// Number format in which an adapter, and what trains beside it, is kept, updated and saved. Default float32, as in PEFT (<c>autocast_adapter_dtype</c>). bfloat16 is what TRL casts
    /// adapters on quantized bases to: parameters, gradients and moments of AdamW take half the memory, but updates below 1/256 of a value are rounded away. Products with the adapter
    /// are as exact in either. Not for weights of the model that train without an adapter, nor with 8-bit AdamW.
    /// </summary>
    public VlmPrecision AdapterPrecision { get; set; } = VlmPrecision.Float32;

    private void ValidateAdapterPrecision()
    {
        if (!Enum.IsDefined(AdapterPrecision))
        {
            throw new ArgumentOutOfRangeException(nameof(AdapterPrecision), AdapterPrecision, "Not a number format of this library.");
        }
        if (AdapterPrecision == VlmPrecision.Float32)
        {
            return;
        }
        if (Lora is null)
        {
            throw new ArgumentException($"AdapterPrecision = {AdapterPrecision} is for adapters, and Lora is null: weights that train themselves are kept in float32. Leave it at Float32.", nameof(AdapterPrecision));
        }
        if (Optimizer == OptimizerKind.AdamW8Bit)
        {
            throw new ArgumentException($"AdapterPrecision = {AdapterPrecision} goes with Optimizer = AdamW: 8-bit AdamW updates float32 only.", nameof(AdapterPrecision));
        }
    }
}
