namespace Microsoft.ML.Vlm.Chat.Templates;

/// <summary>What a token is.</summary>
internal enum TokenKind
{
    /// <summary>Text outside of tags.</summary>
    Data,

    /// <summary><c>{{</c></summary>
    PrintBegin,

    /// <summary><c>{%</c></summary>
    BlockBegin,

    /// <summary><c>}}</c> or <c>%}</c></summary>
    TagEnd,

    /// <summary>A word.</summary>
    Name,

    /// <summary>A string in quotes.</summary>
    String,

    /// <summary>An integer or floating-point number.</summary>
    Number,

    /// <summary>An operator, bracket or punctuation mark.</summary>
    Operator,

    /// <summary>Behind the last token.</summary>
    End,
}
