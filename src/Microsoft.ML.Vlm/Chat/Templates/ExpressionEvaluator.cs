namespace Microsoft.ML.Vlm.Chat.Templates;

/// <summary>Computes expressions.</summary>
internal sealed class ExpressionEvaluator(RenderBudget budget)
{
    /// <summary>The value of an expression.</summary>
    /// <exception cref="TemplateException">Python would raise; names the line.</exception>
    public object? Evaluate(Expression expression, Scope scope)
    {
        budget.Enter();
        try
        {
            return Compute(expression, scope);
        }
        catch (TemplateException exception) when (exception.Line == 0)
        {
            throw new TemplateException(exception.Reason, expression.Line, exception);
        }
        finally
        {
            budget.Leave();
        }
    }

    /// <summary>Applies a chain of filters to a text that stands for its missing target.</summary>
    public object? Filter(Expression chain, object? target, Scope scope)
    {
        var filter = (FilterExpression)chain;
        return Apply(filter, filter.Target is null ? target : Filter(filter.Target, target, scope), scope);
    }

    private object? Compute(Expression expression, Scope scope)
    {
        switch (expression)
        {
            case ConstantExpression constant:
                return constant.Value;
            case NameExpression name:
                return scope.TryGet(name.Name, out object? value) ? value : new Undefined($"'{name.Name}' is undefined");
            case AttributeExpression attribute:
                return Members.Attribute(Evaluate(attribute.Target, scope), attribute.Name);
            case ItemExpression item:
                return Members.Item(Evaluate(item.Target, scope), Evaluate(item.Key, scope), budget);
            case SliceExpression slice:
                return new SliceBounds(Optional(slice.Start, scope), Optional(slice.Stop, scope), Optional(slice.Step, scope));
            case CallExpression call:
                return Call(Evaluate(call.Target, scope), call, scope);
            case FilterExpression filter:
                return Apply(filter, Evaluate(filter.Target!, scope), scope);
            case TestExpression test:
                return Tests.Apply(test.Name, Arguments(Evaluate(test.Target, scope), test.Arguments, scope));
            case NotExpression not:
                return !TemplateValue.IsTrue(Evaluate(not.Operand, scope));
            case SignExpression sign:
                object? operand = Evaluate(sign.Operand, scope);
                return sign.IsNegative ? Arithmetic.Negate(operand) : Arithmetic.Negate(Arithmetic.Negate(operand));
            case LogicalExpression logical:
                object? left = Evaluate(logical.Left, scope);
                return TemplateValue.IsTrue(left) == logical.IsAnd ? Evaluate(logical.Right, scope) : left;
            case ArithmeticExpression arithmetic:
                return Arithmetic.Apply(arithmetic.Operation, Evaluate(arithmetic.Left, scope), Evaluate(arithmetic.Right, scope), budget);
            case ConcatenationExpression concatenation:
                string text = string.Concat(concatenation.Operands.Select(part => PythonText.Str(Evaluate(part, scope), budget)));
                budget.Text(text.Length);
                return text;
            case ComparisonExpression comparison:
                return Compare(comparison, scope);
            case ConditionalExpression conditional:
                return TemplateValue.IsTrue(Evaluate(conditional.Condition, scope)) ? Evaluate(conditional.Then, scope)
                    : conditional.Otherwise is { } otherwise ? Evaluate(otherwise, scope)
                    : new Undefined("the inline if-expression is false and has no else");
            case SequenceExpression sequence:
                return new TemplateSequence(sequence.Kind, [.. sequence.Items.Select(part => Evaluate(part, scope))]);
            case DictionaryExpression dictionary:
                return Dictionary(dictionary, scope);
            default:
                throw new InvalidOperationException($"{expression.GetType().Name} is not evaluated.");
        }
    }

    private object? Optional(Expression? expression, Scope scope) => expression is null ? null : Evaluate(expression, scope);

    private TemplateDictionary Dictionary(DictionaryExpression expression, Scope scope)
    {
        var dictionary = new TemplateDictionary();
        foreach ((Expression keyExpression, Expression valueExpression) in expression.Entries)
        {
            object? key = Evaluate(keyExpression, scope);
            if (!TemplateDictionary.IsHashable(key))
            {
                throw new TemplateException($"a {TemplateValue.TypeName(key)} cannot be the key of a dictionary.", 0);
            }
            dictionary[key] = Evaluate(valueExpression, scope);
        }
        return dictionary;
    }

    private bool Compare(ComparisonExpression comparison, Scope scope)
    {
        object? left = Evaluate(comparison.First, scope);
        foreach ((string operation, Expression operand) in comparison.Rest)
        {
            object? right = Evaluate(operand, scope);
            if (!Comparison.Holds(operation, left, right, budget))
            {
                return false;
            }
            left = right;
        }
        return true;
    }

    private object? Apply(FilterExpression filter, object? target, Scope scope)
    {
        try
        {
            return Filters.Apply(filter.Name, Arguments(target, filter.Arguments, scope));
        }
        catch (TemplateException exception) when (exception.Line == 0)
        {
            throw new TemplateException($"filter '{filter.Name}': {exception.Reason}", filter.Line, exception);
        }
    }

    private object? Call(object? target, CallExpression call, Scope scope) => target switch
    {
        TemplateFunction function => function.Invoke(Arguments(call.Arguments, scope, [])),
        Undefined undefined => throw new TemplateException(undefined.Reason, 0),
        _ => throw new TemplateException($"a {TemplateValue.TypeName(target)} is called.", 0),
    };

    private CallArguments Arguments(object? value, ArgumentList arguments, Scope scope) => Arguments(arguments, scope, [value]);

    private CallArguments Arguments(ArgumentList arguments, Scope scope, List<object?> positional)
    {
        positional.AddRange(arguments.Positional.Select(argument => Evaluate(argument, scope)));
        var named = new Dictionary<string, object?>(StringComparer.Ordinal);
        foreach ((string name, Expression value) in arguments.Named)
        {
            if (!named.TryAdd(name, Evaluate(value, scope)))
            {
                throw new TemplateException($"the argument '{name}' is given twice.", 0);
            }
        }
        if (arguments.Spread is { } spread)
        {
            positional.AddRange(TemplateValue.Iterate(Evaluate(spread, scope), budget));
        }
        if (arguments.NamedSpread is { } namedSpread)
        {
            var entries = Evaluate(namedSpread, scope) as TemplateDictionary ?? throw new TemplateException("'**' needs a dictionary.", 0);
            foreach ((object? key, object? value) in entries)
            {
                if (key is not string name || !named.TryAdd(name, value))
                {
                    throw new TemplateException("'**' needs keys that are strings and not given otherwise.", 0);
                }
            }
        }
        return new CallArguments(budget, positional, named);
    }
}
