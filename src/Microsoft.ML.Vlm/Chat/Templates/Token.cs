namespace Microsoft.ML.Vlm.Chat.Templates;

/// <summary>A piece of template source.</summary>
/// <param name="Kind">What it is.</param>
/// <param name="Text">Its text: of <see cref="TokenKind.Data"/> what is printed, of a string its content, of an operator its characters.</param>
/// <param name="Line">Line, counted from 1.</param>
/// <param name="Value">Of a number its value.</param>
internal sealed record Token(TokenKind Kind, string Text, int Line, object? Value = null)
{
    /// <summary>Whether it is this operator.</summary>
    public bool IsOperator(string text) => Kind == TokenKind.Operator && Text == text;

    /// <summary>Whether it is this word.</summary>
    public bool IsName(string text) => Kind == TokenKind.Name && Text == text;

    /// <summary>How errors show it.</summary>
    public override string ToString() => Kind switch
    {
        TokenKind.End => "the end of the template",
        TokenKind.TagEnd => "the end of the tag",
        TokenKind.Data => "text",
        _ => $"'{Text}'",
    };
}
