namespace Microsoft.ML.Vlm.Chat.Templates;

/// <summary>An expression of a template.</summary>
/// <param name="Line">Where it begins.</param>
internal abstract record Expression(int Line);

/// <summary>A literal.</summary>
internal sealed record ConstantExpression(int Line, object? Value) : Expression(Line);

/// <summary>A variable.</summary>
internal sealed record NameExpression(int Line, string Name) : Expression(Line);

/// <summary><c>[a, b]</c> or <c>(a, b)</c>.</summary>
internal sealed record SequenceExpression(int Line, SequenceKind Kind, IReadOnlyList<Expression> Items) : Expression(Line);

/// <summary><c>{a: b}</c></summary>
internal sealed record DictionaryExpression(int Line, IReadOnlyList<(Expression Key, Expression Value)> Entries) : Expression(Line);

/// <summary><c>a.b</c></summary>
internal sealed record AttributeExpression(int Line, Expression Target, string Name) : Expression(Line);

/// <summary><c>a[b]</c></summary>
internal sealed record ItemExpression(int Line, Expression Target, Expression Key) : Expression(Line);

/// <summary><c>a:b:c</c> between brackets.</summary>
internal sealed record SliceExpression(int Line, Expression? Start, Expression? Stop, Expression? Step) : Expression(Line);

/// <summary>The arguments of a call.</summary>
internal sealed record ArgumentList(
    IReadOnlyList<Expression> Positional, IReadOnlyList<(string Name, Expression Value)> Named, Expression? Spread, Expression? NamedSpread)
{
    /// <summary>No arguments.</summary>
    public static ArgumentList None { get; } = new([], [], null, null);
}

/// <summary><c>a(...)</c></summary>
internal sealed record CallExpression(int Line, Expression Target, ArgumentList Arguments) : Expression(Line);

/// <summary><c>a | name(...)</c>; without a target the text of a <c>set</c> block.</summary>
internal sealed record FilterExpression(int Line, Expression? Target, string Name, ArgumentList Arguments) : Expression(Line);

/// <summary><c>a is name(...)</c></summary>
internal sealed record TestExpression(int Line, Expression Target, string Name, ArgumentList Arguments) : Expression(Line);

/// <summary><c>not a</c></summary>
internal sealed record NotExpression(int Line, Expression Operand) : Expression(Line);

/// <summary><c>-a</c> or <c>+a</c>.</summary>
internal sealed record SignExpression(int Line, bool IsNegative, Expression Operand) : Expression(Line);

/// <summary><c>a and b</c> or <c>a or b</c>: the value of the side that decides.</summary>
internal sealed record LogicalExpression(int Line, bool IsAnd, Expression Left, Expression Right) : Expression(Line);

/// <summary><c>a + b</c> and the other operators on numbers.</summary>
internal sealed record ArithmeticExpression(int Line, string Operation, Expression Left, Expression Right) : Expression(Line);

/// <summary><c>a ~ b</c>: everything as text.</summary>
internal sealed record ConcatenationExpression(int Line, IReadOnlyList<Expression> Operands) : Expression(Line);

/// <summary><c>a &lt; b &lt; c</c>: every neighbouring pair has to hold.</summary>
internal sealed record ComparisonExpression(int Line, Expression First, IReadOnlyList<(string Operation, Expression Operand)> Rest) : Expression(Line);

/// <summary><c>a if b else c</c></summary>
internal sealed record ConditionalExpression(int Line, Expression Condition, Expression Then, Expression? Otherwise) : Expression(Line);
