using Microsoft.ML.Data;

namespace Microsoft.ML.Vlm;

/// <summary>A row of the evaluation data with the answer that the model in training gives to it.</summary>
public sealed record VlmEvaluatedRow
{
    /// <summary>Row in the evaluation data, counted from 0.</summary>
    public required long Row { get; init; }

    /// <summary>Texts of the question, one turn a line.</summary>
    public required string Prompt { get; init; }

    /// <summary>The right answer; null when the row has none.</summary>
    public string? Label { get; init; }

    /// <summary>The answer that was generated from the question and its images alone.</summary>
    public required string Response { get; init; }

    /// <summary>The images, which are freed when the callback returns.</summary>
    public required IReadOnlyList<MLImage> Images { get; init; }

    /// <summary>Frees the images.</summary>
    internal void FreeImages()
    {
        foreach (MLImage image in Images)
        {
            image.Dispose();
        }
    }
}
