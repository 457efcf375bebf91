namespace Microsoft.ML.Vlm;

/// <summary>Which of two answers a judge finds better.</summary>
public enum VlmVerdict
{
    /// <summary>Neither, or another one in each order.</summary>
    Tie,

    /// <summary>The first one, in both orders.</summary>
    First,

    /// <summary>The second one, in both orders.</summary>
    Second,
}
