namespace Microsoft.ML.Vlm.Adapters;

/// <summary>Names of tensors in PEFT's <c>adapter_model.safetensors</c>.</summary>
internal static class PeftKeys
{
    /// <summary>Begins every name: the model that PEFT wraps, inside its wrapper.</summary>
    public const string Prefix = "base_model.model.";

    private const string BiasEnd = ".bias";

    /// <summary>Name of a layer's A, <c>[r, in]</c>.</summary>
    /// <param name="path">Module path of the layer.</param>
    public static string A(string path) => $"{Prefix}{path}.lora_A.weight";

    /// <summary>Name of a layer's B, <c>[out, r]</c>.</summary>
    /// <param name="path">Module path of the layer.</param>
    public static string B(string path) => $"{Prefix}{path}.lora_B.weight";

    /// <summary>Name of a layer's magnitudes, <c>[out]</c>.</summary>
    /// <param name="path">Module path of the layer.</param>
    public static string Magnitude(string path) => $"{Prefix}{path}.lora_magnitude_vector";

    /// <summary>Name of a weight of the model that trains whole. PEFT wraps an adapted layer, whose bias therefore lies one level deeper.</summary>
    /// <param name="name">Name of the weight in the checkpoint.</param>
    /// <param name="isAdapted">Whether a module path has an adapter.</param>
    public static string Weight(string name, Func<string, bool> isAdapted)
        => name.EndsWith(BiasEnd, StringComparison.Ordinal) && isAdapted(name[..^BiasEnd.Length]) ? $"{Prefix}{name[..^BiasEnd.Length]}.base_layer{BiasEnd}" : Prefix + name;

    /// <summary>The module path or weight that a name belongs to.</summary>
    /// <param name="key">A name as this class makes them, or one of a checkpoint.</param>
    public static string PathOf(string key)
    {
        string name = key.StartsWith(Prefix, StringComparison.Ordinal) ? key[Prefix.Length..] : key;
        int end = name.IndexOf(".lora_", StringComparison.Ordinal);
        return end >= 0 ? name[..end] : name.Replace(".base_layer.", ".", StringComparison.Ordinal);
    }
}
