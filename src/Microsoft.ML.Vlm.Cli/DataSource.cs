namespace Microsoft.ML.Vlm.Cli;

/// <summary>Where data comes from.</summary>
/// <param name="Path">A file, a folder, a pattern of files, or an id of the hub.</param>
/// <param name="Options">How it is read.</param>
internal sealed record DataSource(string Path, VlmDataOptions Options)
{
    /// <summary>Loads it; rows are read when they are asked for.</summary>
    /// <param name="ml">Loads.</param>
    public IDataView Load(MLContext ml) => ml.Data.LoadVlm(Path, Options);
}
