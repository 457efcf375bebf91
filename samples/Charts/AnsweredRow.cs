namespace Charts;

/// <summary>A question, the right answer and the model's, as ML.NET hands them out.</summary>
internal sealed class AnsweredRow
{
    /// <summary>The picture's file, relative to the data folder.</summary>
    public string ImagePath { get; set; } = "";

    /// <summary>The question.</summary>
    public string Prompt { get; set; } = "";

    /// <summary>The right answer.</summary>
    public string Label { get; set; } = "";

    /// <summary>The model's answer.</summary>
    public string Response { get; set; } = "";
}
