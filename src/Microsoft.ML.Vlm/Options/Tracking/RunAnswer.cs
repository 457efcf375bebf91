namespace Microsoft.ML.Vlm;

/// <summary>A row of the evaluation data with the answer that the model in training gives to it.</summary>
public sealed record RunAnswer
{
    /// <summary>Row in the evaluation data, counted from 0.</summary>
    public required long Row { get; init; }

    /// <summary>Texts of the question, one turn a line.</summary>
    public required string Prompt { get; init; }

    /// <summary>The right answer; null when the row has none.</summary>
    public string? Label { get; init; }

    /// <summary>The answer that was generated.</summary>
    public required string Response { get; init; }

    /// <summary>The images as PNG files, made smaller where an edge was longer than 480 pixels.</summary>
    public required IReadOnlyList<byte[]> Images { get; init; }
}
