namespace Microsoft.ML.Vlm.Hub;

/// <summary>A repository of the hub as a folder in a job.</summary>
/// <param name="Kind"><c>model</c>, <c>dataset</c>, <c>space</c> or <c>bucket</c>.</param>
/// <param name="Source">Its id.</param>
/// <param name="MountPath">The folder, such as <c>/data</c>.</param>
internal sealed record JobVolume(string Kind, string Source, string MountPath)
{
    /// <summary>Branch, tag or commit; null for the main branch.</summary>
    public string? Revision { get; init; }

    /// <summary>Whether the job may not write to it; null as the hub has it.</summary>
    public bool? IsReadOnly { get; init; }
}
