namespace Microsoft.ML.Vlm;

/// <summary>Parts of a vision-language model; they may be combined.</summary>
[Flags]
public enum VlmParts
{
    /// <summary>None.</summary>
    None = 0,

    /// <summary>The vision tower.</summary>
    Vision = 1,

    /// <summary>What maps vision features to the width of the language model.</summary>
    Connector = 2,

    /// <summary>The language model, its token embedding and output head included.</summary>
    Language = 4,

    /// <summary>The whole model.</summary>
    All = Vision | Connector | Language,
}
