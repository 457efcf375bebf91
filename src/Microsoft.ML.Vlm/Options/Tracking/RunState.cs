namespace Microsoft.ML.Vlm;

/// <summary>How a run ended.</summary>
public enum RunState
{
    /// <summary>It did all its steps, or stopped because evaluations did not improve any more.</summary>
    Finished,

    /// <summary>It was cancelled; it can go on from its checkpoint when there is one.</summary>
    Cancelled,

    /// <summary>It failed; the last alert says why.</summary>
    Failed,
}
