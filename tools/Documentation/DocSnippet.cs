namespace Documentation;

/// <summary>A block of C# in a document.</summary>
/// <param name="File">Relative to the repository.</param>
/// <param name="Line">Of its first line, from 1.</param>
/// <param name="Kind">What it is a piece of.</param>
/// <param name="Owner">For <see cref="SnippetKind.Initializer"/>: the type whose properties are set.</param>
/// <param name="Code">The block.</param>
internal sealed record DocSnippet(string File, int Line, SnippetKind Kind, string Owner, string Code)
{
    /// <summary>Shown in lists of tests.</summary>
    public override string ToString() => $"{File}:{Line}";
}
