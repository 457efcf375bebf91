namespace Microsoft.ML.Vlm.Chat.Templates;

/// <summary>A statement of a template.</summary>
/// <param name="Line">Where it begins.</param>
internal abstract record Statement(int Line);

/// <summary>Text outside of tags.</summary>
internal sealed record TextStatement(int Line, string Text) : Statement(Line);

/// <summary><c>{{ value }}</c></summary>
internal sealed record PrintStatement(int Line, Expression Value) : Statement(Line);

/// <summary><c>{% if %}</c> with its <c>elif</c> branches; the branch without a condition is <c>else</c>.</summary>
internal sealed record IfStatement(int Line, IReadOnlyList<(Expression? Condition, IReadOnlyList<Statement> Body)> Branches) : Statement(Line);

/// <summary><c>{% for target in items if filter %}</c></summary>
internal sealed record ForStatement(
    int Line, AssignmentTarget Target, Expression Items, Expression? Filter, IReadOnlyList<Statement> Body, IReadOnlyList<Statement> Otherwise)
    : Statement(Line);

/// <summary><c>{% set target = value %}</c></summary>
internal sealed record SetStatement(int Line, AssignmentTarget Target, Expression Value) : Statement(Line);

/// <summary><c>{% set target | filter %}...{% endset %}</c>; the filters are a chain over a missing target, or null.</summary>
internal sealed record SetBlockStatement(
    int Line, AssignmentTarget Target, Expression? Filter, IReadOnlyList<Statement> Body) : Statement(Line);

/// <summary><c>{% macro name(parameters) %}</c></summary>
internal sealed record MacroStatement(
    int Line, string Name, IReadOnlyList<(string Name, Expression? Default)> Parameters, IReadOnlyList<Statement> Body) : Statement(Line);

/// <summary><c>{% generation %}</c>: its text was written by the assistant.</summary>
internal sealed record GenerationStatement(int Line, IReadOnlyList<Statement> Body) : Statement(Line);

/// <summary><c>{% break %}</c> or <c>{% continue %}</c>.</summary>
internal sealed record JumpStatement(int Line, bool IsBreak) : Statement(Line);

/// <summary>Where a value goes: a name, an attribute of a namespace, or several of these.</summary>
/// <param name="Name">The name; empty for several.</param>
/// <param name="Attribute">The attribute of the namespace <paramref name="Name"/>, or null.</param>
/// <param name="Parts">The targets that take the elements of the value; empty for one.</param>
internal sealed record AssignmentTarget(string Name, string? Attribute, IReadOnlyList<AssignmentTarget> Parts);
