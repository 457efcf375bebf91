namespace Charts;

/// <summary>One question about one picture, as ML.NET reads it.</summary>
internal sealed class ChartRow
{
    /// <summary>The picture's file, relative to the data folder.</summary>
    public string ImagePath { get; set; } = "";

    /// <summary>The question.</summary>
    public string Query { get; set; } = "";

    /// <summary>The right answer.</summary>
    public string Answer { get; set; } = "";
}
