namespace Documentation;

/// <summary>A cell of a notebook.</summary>
/// <param name="IsCode">Code, or else text in Markdown.</param>
/// <param name="Source">What stands in it; lines end in <c>\n</c>, the last one in nothing.</param>
internal sealed record NotebookCell(bool IsCode, string Source);
