namespace Microsoft.ML.Vlm.Cli;

/// <summary>How something is that the doctor looked at.</summary>
internal enum FindingState
{
    /// <summary>As it should be.</summary>
    Good,

    /// <summary>It works, but could be better.</summary>
    Remark,

    /// <summary>Nothing works without it.</summary>
    Broken,
}
