namespace Microsoft.ML.Vlm.Cli.Settings;

/// <summary>Where a merged model goes.</summary>
internal sealed class MergeFlags
{
    /// <summary>A new or empty folder (<c>output_dir</c>). Has to be given.</summary>
    public string? OutputDir { get; set; }
}
