namespace Microsoft.ML.Vlm.Chat.Templates;

/// <summary>A place in the tokens of a template.</summary>
internal sealed class TokenCursor(IReadOnlyList<Token> tokens)
{
    private int _index;

    /// <summary>The token at the place.</summary>
    public Token Current => tokens[_index];

    /// <summary>Its line.</summary>
    public int Line => Current.Line;

    /// <summary>The token behind it.</summary>
    public Token Peek() => tokens[Math.Min(_index + 1, tokens.Count - 1)];

    /// <summary>Takes the token.</summary>
    public Token Next()
    {
        Token token = Current;
        _index = Math.Min(_index + 1, tokens.Count - 1);
        return token;
    }

    /// <summary>Takes the token if it is this operator.</summary>
    public bool TryOperator(string text) => Try(Current.IsOperator(text));

    /// <summary>Takes the token if it is this word.</summary>
    public bool TryName(string text) => Try(Current.IsName(text));

    /// <summary>Takes this operator.</summary>
    /// <exception cref="TemplateException">Something else stands there.</exception>
    public void Expect(string text)
    {
        if (!TryOperator(text))
        {
            throw Error($"'{text}' is expected, not {Current}.");
        }
    }

    /// <summary>Takes a word.</summary>
    /// <exception cref="TemplateException">Something else stands there.</exception>
    public Token ExpectName() => Current.Kind == TokenKind.Name ? Next() : throw Error($"a name is expected, not {Current}.");

    /// <summary>Takes the end of the tag.</summary>
    /// <exception cref="TemplateException">Something else stands there.</exception>
    public void ExpectTagEnd()
    {
        if (!Try(Current.Kind == TokenKind.TagEnd))
        {
            throw Error($"the end of the tag is expected, not {Current}.");
        }
    }

    /// <summary>An error at the place.</summary>
    public TemplateException Error(string message) => new(message, Line);

    private bool Try(bool matches)
    {
        if (matches)
        {
            Next();
        }
        return matches;
    }
}
