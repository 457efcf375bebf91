namespace Charts;

/// <summary>A question with a better and a worse answer, as ML.NET reads it.</summary>
internal sealed class PairRow
{
    /// <summary>The picture's file, relative to the data folder.</summary>
    public string ImagePath { get; set; } = "";

    /// <summary>The question.</summary>
    public string Query { get; set; } = "";

    /// <summary>The better answer.</summary>
    public string Chosen { get; set; } = "";

    /// <summary>The worse answer.</summary>
    public string Rejected { get; set; } = "";
}
