namespace Microsoft.ML.Vlm.Chat.Templates;

/// <summary>What may stand behind <c>is</c>.</summary>
internal static class Tests
{
    /// <summary>Applies a test; its first argument is the value.</summary>
    /// <exception cref="TemplateException">There is no such test, or it does not take the arguments.</exception>
    public static bool Apply(string name, CallArguments arguments)
    {
        RenderBudget budget = arguments.Budget;
        object? value = arguments.Positional[0];
        switch (name)
        {
            case "eq" or "equalto" or "==":
                return Comparison.Holds("==", value, Other(name, arguments), budget);
            case "ne" or "!=":
                return Comparison.Holds("!=", value, Other(name, arguments), budget);
            case "lt" or "lessthan" or "<":
                return Comparison.Holds("<", value, Other(name, arguments), budget);
            case "le" or "<=":
                return Comparison.Holds("<=", value, Other(name, arguments), budget);
            case "gt" or "greaterthan" or ">":
                return Comparison.Holds(">", value, Other(name, arguments), budget);
            case "ge" or ">=":
                return Comparison.Holds(">=", value, Other(name, arguments), budget);
            case "in":
                return Comparison.Holds("in", value, Other(name, arguments), budget);
            case "sameas":
                return Other(name, arguments) is var other && (value is bool ? value.Equals(other) : ReferenceEquals(value, other));
            case "divisibleby":
                return Arithmetic.Apply("%", value, Other(name, arguments), budget) is 0L or 0d;
        }
        arguments.Bind(name, 1, "value");
        return name switch
        {
            "defined" => value is not Undefined,
            "undefined" => value is Undefined,
            "none" => value is null,
            "boolean" => value is bool,
            "true" => value is true,
            "false" => value is false,
            "integer" => value is long or System.Numerics.BigInteger,
            "float" => value is double,
            "number" => Arithmetic.TryNumber(value, out _),
            "string" => value is string,
            "mapping" => value is TemplateDictionary,
            "iterable" => value is string or TemplateSequence or TemplateDictionary or Undefined or LoopState,
            "sequence" => value is string or TemplateSequence { IsIndexable: true } or TemplateDictionary or Undefined,
            "callable" => value is TemplateFunction or Undefined,
            "odd" => Arithmetic.Apply("%", value, 2L, budget) is 1L or 1d,
            "even" => Arithmetic.Apply("%", value, 2L, budget) is 0L or 0d,
            "lower" => PythonText.Str(value, budget) is var text && text.Any(char.IsLower) && !text.Any(char.IsUpper),
            "upper" => PythonText.Str(value, budget) is var text && text.Any(char.IsUpper) && !text.Any(char.IsLower),
            _ => throw new TemplateException($"there is no test '{name}' in chat templates.", 0),
        };
    }

    private static object? Other(string name, CallArguments arguments) => arguments.Bind(name, 2, "value", "other")[1];
}
