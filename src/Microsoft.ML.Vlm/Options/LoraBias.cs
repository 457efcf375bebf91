namespace Microsoft.ML.Vlm;

/// <summary>Which biases train beside low-rank adapters. The names in brackets are PEFT's.</summary>
public enum LoraBias
{
    /// <summary>None (<c>none</c>).</summary>
    None,

    /// <summary>Every bias of the model (<c>all</c>).</summary>
    All,

    /// <summary>Those of the layers that have an adapter (<c>lora_only</c>).</summary>
    AdaptedOnly,
}
