namespace Microsoft.ML.Vlm.Notebooks;

/// <summary>Writes values in one form. .NET Interactive knows its members by their names.</summary>
/// <param name="mimeType">The form.</param>
internal sealed class NotebookFormatter(string mimeType)
{
    /// <summary>The form.</summary>
    public string MimeType { get; } = mimeType;

    /// <summary>Writes a value.</summary>
    /// <returns>Whether the value has this form.</returns>
    public bool Format(object instance, TextWriter writer)
    {
        string? text = MimeType == NotebookFormats.Text ? instance.ToString() : (instance as INotebookOutput)?.ToNotebook(MimeType);
        writer.Write(text);
        return text is not null;
    }
}
