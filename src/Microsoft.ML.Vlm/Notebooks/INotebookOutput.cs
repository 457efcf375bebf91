namespace Microsoft.ML.Vlm.Notebooks;

/// <summary>A value that notebooks show as more than text.</summary>
internal interface INotebookOutput
{
    /// <summary>The value in one form.</summary>
    /// <param name="mimeType">One of <see cref="NotebookFormats"/>.</param>
    /// <returns>Null when it has no such form.</returns>
    string? ToNotebook(string mimeType);
}
