namespace Microsoft.ML.Vlm;

/// <summary>A row that was left out because of its image.</summary>
/// <param name="Row">Its place in the data as it is stored, from 0.</param>
/// <param name="Place">File and line, or file and row.</param>
/// <param name="Reason">What is wrong.</param>
public sealed record VlmRejectedRow(long Row, string Place, string Reason)
{
    /// <summary>One line.</summary>
    public override string ToString() => $"row {Row:N0} ({Place}): {Reason}";
}
