namespace Microsoft.ML.Vlm.Cli;

/// <summary>Something that the doctor found.</summary>
/// <param name="State">How it is.</param>
/// <param name="What">What was looked at.</param>
/// <param name="Detail">What is there, and what to do about it.</param>
internal sealed record Finding(FindingState State, string What, string Detail)
{
    /// <summary>The state as a word.</summary>
    public string StateName => State switch
    {
        FindingState.Good => "ok",
        FindingState.Remark => "note",
        _ => "broken",
    };
}
