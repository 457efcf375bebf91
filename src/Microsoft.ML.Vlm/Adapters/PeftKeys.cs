namespace Microsoft.ML.Vlm.Adapters;

/// <summary>Names of tensors in PEFT's <c>adapter_model.safetensors</c>.</summary>
internal static class PeftKeys
{
    private const string Prefix = "base_model.model.";

    /// <summary>Name of a layer's A, <c>[r, in]</c>.</summary>
    /// <param name="path">Module path of the layer.</param>
    public static string A(string path) => $"{Prefix}{path}.lora_A.weight";

    /// <summary>Name of a layer's B, <c>[out, r]</c>.</summary>
    /// <param name="path">Module path of the layer.</param>
    public static string B(string path) => $"{Prefix}{path}.lora_B.weight";
}
