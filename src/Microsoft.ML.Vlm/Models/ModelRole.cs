namespace Microsoft.ML.Vlm.Models;

/// <summary>A part of a vision-language model.</summary>
internal enum ModelRole
{
    /// <summary>The vision tower.</summary>
    Vision,

    /// <summary>What maps vision features to the language model's width.</summary>
    Connector,

    /// <summary>The language model, its embedding and head included.</summary>
    Language,
}
