namespace Microsoft.ML.Vlm.Components;

/// <summary>What is computed for a row.</summary>
[Flags]
internal enum VlmOutputs
{
    /// <summary>Nothing: no model runs.</summary>
    None = 0,

    /// <summary>The generated answer.</summary>
    Response = 1,

    /// <summary>The mean log-probability of the label, or of the response.</summary>
    Score = 2,
}
