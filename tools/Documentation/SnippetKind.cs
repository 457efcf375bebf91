namespace Documentation;

/// <summary>What a block of C# in a document is a piece of; a comment in front of the block says so, <c>&lt;!-- csharp: expression --&gt;</c>.</summary>
internal enum SnippetKind
{
    /// <summary>Statements, types and usings, with the names of <see cref="SnippetContext"/> in sight. Needs no comment.</summary>
    Statements,

    /// <summary>An expression without a semicolon: <c>expression</c>.</summary>
    Expression,

    /// <summary>Settings between the braces of a type's initializer: <c>initializer of VlmSftEstimator.Options</c>.</summary>
    Initializer,

    /// <summary>A whole program, which tests run too: <c>program</c>.</summary>
    Program,
}
