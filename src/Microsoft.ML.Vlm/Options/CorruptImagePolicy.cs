namespace Microsoft.ML.Vlm;

/// <summary>What happens to rows whose image is missing, truncated or corrupt.</summary>
public enum CorruptImagePolicy
{
    /// <summary>Reading the row is an error that names row, file and reason. Nothing is decoded before it is needed. The default.</summary>
    Fail,

    /// <summary>
    /// The rows are left out, counted and listed in the log. To know them, every image is decoded once, when the data is first read or counted.
    /// </summary>
    Skip,

    /// <summary>As <see cref="Skip"/>, and the rows are written to <see cref="VlmDataOptions.QuarantinePath"/> with the reason.</summary>
    Quarantine,
}
