namespace Microsoft.ML.Vlm.Chat.Templates;

/// <summary>Runs the statements of a template once.</summary>
internal sealed class TemplateRenderer
{
    private enum Flow
    {
        Next,
        Break,
        Continue,
    }

    private readonly RenderBudget _budget = new();
    private readonly ExpressionEvaluator _expressions;
    private readonly List<(int Start, int Length)> _spans = [];
    private bool _hasHiddenSpans;

    private TemplateRenderer() => _expressions = new ExpressionEvaluator(_budget);

    /// <summary>Renders.</summary>
    /// <param name="template">The statements.</param>
    /// <param name="variables">What the template is given, by name.</param>
    /// <param name="clock">The clock behind <c>strftime_now</c>.</param>
    /// <exception cref="TemplateException">The template raises an error, or costs more than <see cref="RenderBudget"/> allows.</exception>
    public static RenderedChat Render(IReadOnlyList<Statement> template, IEnumerable<KeyValuePair<string, object?>> variables, TimeProvider clock)
    {
        var renderer = new TemplateRenderer();
        var globals = new Scope(null);
        foreach (TemplateFunction function in Globals.Create(clock))
        {
            globals.Set(function.Name, function);
        }
        var scope = new Scope(globals);
        foreach ((string name, object? value) in variables)
        {
            scope.Set(name, value);
        }
        var output = new RenderOutput(renderer._budget, isDocument: true);
        renderer.Run(template, new Scope(scope), output);
        return new RenderedChat(output.ToString(), renderer._hasHiddenSpans ? [] : renderer._spans);
    }

    private Flow Run(IReadOnlyList<Statement> body, Scope scope, RenderOutput output)
    {
        foreach (Statement statement in body)
        {
            _budget.Enter();
            try
            {
                Flow flow = Run(statement, scope, output);
                if (flow != Flow.Next)
                {
                    return flow;
                }
            }
            catch (TemplateException exception) when (exception.Line == 0)
            {
                throw new TemplateException(exception.Reason, statement.Line, exception);
            }
            finally
            {
                _budget.Leave();
            }
        }
        return Flow.Next;
    }

    private Flow Run(Statement statement, Scope scope, RenderOutput output)
    {
        switch (statement)
        {
            case TextStatement text:
                output.Append(text.Text);
                return Flow.Next;
            case PrintStatement print:
                output.Append(PythonText.Str(_expressions.Evaluate(print.Value, scope), _budget));
                return Flow.Next;
            case SetStatement set:
                Assign(set.Target, _expressions.Evaluate(set.Value, scope), scope);
                return Flow.Next;
            case IfStatement conditional:
                return RunIf(conditional, scope, output);
            case ForStatement loop:
                return RunFor(loop, scope, output);
            case SetBlockStatement block:
                var content = new RenderOutput(_budget, isDocument: false);
                Flow flow = Run(block.Body, new Scope(scope), content);
                Assign(block.Target, block.Filter is { } filter ? _expressions.Filter(filter, content.ToString(), scope) : content.ToString(), scope);
                return flow;
            case MacroStatement macro:
                scope.Set(macro.Name, new TemplateFunction(macro.Name, arguments => CallMacro(macro, arguments, scope)));
                return Flow.Next;
            case GenerationStatement generation:
                int start = output.Length;
                Run(generation.Body, new Scope(scope), output);
                _spans.Add((start, output.Length - start));
                _hasHiddenSpans |= !output.IsDocument;
                return Flow.Next;
            case JumpStatement jump:
                return jump.IsBreak ? Flow.Break : Flow.Continue;
            default:
                throw new InvalidOperationException($"{statement.GetType().Name} is not run.");
        }
    }

    private Flow RunIf(IfStatement statement, Scope scope, RenderOutput output)
    {
        foreach ((Expression? condition, IReadOnlyList<Statement> body) in statement.Branches)
        {
            if (condition is null || TemplateValue.IsTrue(_expressions.Evaluate(condition, scope)))
            {
                return Run(body, scope, output);
            }
        }
        return Flow.Next;
    }

    private Flow RunFor(ForStatement statement, Scope scope, RenderOutput output)
    {
        List<object?> items = TemplateValue.Iterate(_expressions.Evaluate(statement.Items, scope), _budget);
        if (statement.Filter is { } filter)
        {
            items = items.FindAll(item =>
            {
                var inner = new Scope(scope);
                Assign(statement.Target, item, inner);
                return TemplateValue.IsTrue(_expressions.Evaluate(filter, inner));
            });
        }
        if (items.Count == 0)
        {
            return Run(statement.Otherwise, new Scope(scope), output);
        }
        var loop = new LoopState(items);
        for (int index = 0; index < items.Count; index++)
        {
            loop.Index = index;
            var inner = new Scope(scope);
            inner.Set("loop", loop);
            Assign(statement.Target, items[index], inner);
            if (Run(statement.Body, inner, output) == Flow.Break)
            {
                break;
            }
        }
        return Flow.Next;
    }

    private string CallMacro(MacroStatement macro, CallArguments arguments, Scope definition)
    {
        string[] names = [.. macro.Parameters.Select(parameter => parameter.Name)];
        BoundArguments bound = arguments.Bind(macro.Name, 0, names);
        var scope = new Scope(definition);
        for (int index = 0; index < names.Length; index++)
        {
            // A default may read the parameters before it.
            object? value = bound.Has(index) ? bound[index]
                : macro.Parameters[index].Default is { } whenAbsent ? _expressions.Evaluate(whenAbsent, scope)
                : new Undefined($"parameter '{names[index]}' was not provided");
            scope.Set(names[index], value);
        }
        var output = new RenderOutput(_budget, isDocument: false);
        Run(macro.Body, scope, output);
        return output.ToString();
    }

    private void Assign(AssignmentTarget target, object? value, Scope scope)
    {
        if (target.Parts.Count > 0)
        {
            List<object?> values = TemplateValue.Iterate(value, _budget);
            if (values.Count != target.Parts.Count)
            {
                throw new TemplateException($"{values.Count} values are assigned to {target.Parts.Count} names.", 0);
            }
            for (int index = 0; index < values.Count; index++)
            {
                Assign(target.Parts[index], values[index], scope);
            }
        }
        else if (target.Attribute is { } attribute)
        {
            scope.TryGet(target.Name, out object? owner);
            var attributes = owner as TemplateNamespace
                ?? throw new TemplateException($"'{target.Name}' is not a namespace, so '{attribute}' cannot be set on it.", 0);
            attributes.Attributes[attribute] = value;
        }
        else
        {
            scope.Set(target.Name, value);
        }
    }
}
