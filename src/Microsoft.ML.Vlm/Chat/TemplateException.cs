namespace Microsoft.ML.Vlm.Chat;

/// <summary>A chat template that cannot be read, or that cannot be rendered for the conversation at hand.</summary>
public sealed class TemplateException : Exception
{
    /// <summary>An error at a line of the template.</summary>
    /// <param name="message">What is wrong, and with which value.</param>
    /// <param name="line">Line of the template, counted from 1; 0 when it is not known.</param>
    /// <param name="innerException">What led to it, or null.</param>
    public TemplateException(string message, int line, Exception? innerException = null)
        : base(line > 0 ? $"Chat template, line {line}: {message}" : $"Chat template: {message}", innerException)
    {
        Line = line;
        Reason = message;
    }

    /// <summary>Line of the template, counted from 1; 0 when it is not known.</summary>
    public int Line { get; }

    /// <summary>The message without the line.</summary>
    public string Reason { get; }
}
