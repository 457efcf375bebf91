namespace Microsoft.ML.Vlm.Chat.Templates;

/// <content>Literals, names, attributes, calls, filters and tests: what stands between operators.</content>
internal sealed partial class ExpressionParser
{
    /// <summary>The filters behind a <c>set</c> block's name, over a missing target.</summary>
    public Expression? ReadFilters()
    {
        Expression? result = null;
        while (cursor.TryOperator("|"))
        {
            result = ReadFilter(result);
        }
        return result;
    }

    // The sign binds looser than attributes and calls, tighter than filters: -a.b | abs is (-(a.b)) | abs.
    private Expression ReadUnary(bool withFilters)
    {
        if (++_depth > MaximumDepth)
        {
            throw cursor.Error($"an expression has more than {MaximumDepth} levels.");
        }
        int line = cursor.Line;
        Expression result = cursor.TryOperator("-") ? new SignExpression(line, true, ReadUnary(withFilters: false))
            : cursor.TryOperator("+") ? new SignExpression(line, false, ReadUnary(withFilters: false))
            : ReadPrimary();
        result = ReadPostfix(result);
        if (withFilters)
        {
            result = ReadFiltersAndTests(result);
        }
        _depth--;
        return result;
    }

    private Expression ReadPrimary()
    {
        Token token = cursor.Next();
        switch (token.Kind)
        {
            case TokenKind.Name:
                return token.Text switch
                {
                    "true" or "True" => new ConstantExpression(token.Line, true),
                    "false" or "False" => new ConstantExpression(token.Line, false),
                    "none" or "None" => new ConstantExpression(token.Line, null),
                    _ => new NameExpression(token.Line, token.Text),
                };
            case TokenKind.String:
                string text = token.Text;
                while (cursor.Current.Kind == TokenKind.String)
                {
                    text += cursor.Next().Text;
                }
                return new ConstantExpression(token.Line, text);
            case TokenKind.Number:
                return new ConstantExpression(token.Line, token.Value);
            case TokenKind.Operator when token.Text == "(":
                Expression inner = cursor.Current.IsOperator(")") ? new SequenceExpression(token.Line, SequenceKind.Tuple, []) : ReadTuple(allowConditional: true);
                cursor.Expect(")");
                return inner;
            case TokenKind.Operator when token.Text == "[":
                return new SequenceExpression(token.Line, SequenceKind.List, ReadList("]", Read));
            case TokenKind.Operator when token.Text == "{":
                return new DictionaryExpression(token.Line, ReadList("}", () =>
                {
                    Expression key = Read();
                    cursor.Expect(":");
                    return (key, Read());
                }));
            default:
                throw new TemplateException($"an expression is expected, not {token}.", token.Line);
        }
    }

    private List<T> ReadList<T>(string close, Func<T> read)
    {
        var items = new List<T>();
        while (!cursor.TryOperator(close))
        {
            if (items.Count > 0)
            {
                cursor.Expect(",");
                if (cursor.TryOperator(close))
                {
                    break;
                }
            }
            items.Add(read());
        }
        return items;
    }

    private Expression ReadPostfix(Expression target)
    {
        while (true)
        {
            int line = cursor.Line;
            if (cursor.TryOperator("."))
            {
                Token name = cursor.Next();
                target = name.Kind switch
                {
                    TokenKind.Name => new AttributeExpression(line, target, name.Text),
                    TokenKind.Number when name.Value is long => new ItemExpression(line, target, new ConstantExpression(line, name.Value)),
                    _ => throw new TemplateException($"a name is expected after '.', not {name}.", name.Line),
                };
            }
            else if (cursor.TryOperator("["))
            {
                List<Expression> keys = ReadList("]", ReadKey);
                target = new ItemExpression(line, target, keys.Count == 1 ? keys[0] : new SequenceExpression(line, SequenceKind.Tuple, keys));
            }
            else if (cursor.TryOperator("("))
            {
                target = new CallExpression(line, target, ReadArguments());
            }
            else
            {
                return target;
            }
        }
    }

    private Expression ReadKey()
    {
        int line = cursor.Line;
        Expression? start = cursor.Current.IsOperator(":") ? null : Read();
        if (!cursor.TryOperator(":"))
        {
            return start!;
        }
        Expression? stop = AtBoundEnd() ? null : Read();
        Expression? step = cursor.TryOperator(":") && !AtBoundEnd() ? Read() : null;
        return new SliceExpression(line, start, stop, step);
    }

    private bool AtBoundEnd() => cursor.Current.IsOperator(":") || cursor.Current.IsOperator("]") || cursor.Current.IsOperator(",");

    private Expression ReadFiltersAndTests(Expression target)
    {
        while (true)
        {
            int line = cursor.Line;
            if (cursor.TryOperator("|"))
            {
                target = ReadFilter(target);
            }
            else if (cursor.TryName("is"))
            {
                target = ReadTest(target, line);
            }
            else if (cursor.TryOperator("("))
            {
                target = new CallExpression(line, target, ReadArguments());
            }
            else
            {
                return target;
            }
        }
    }

    private FilterExpression ReadFilter(Expression? target)
    {
        Token name = cursor.ExpectName();
        return new FilterExpression(name.Line, target, name.Text, cursor.TryOperator("(") ? ReadArguments() : ArgumentList.None);
    }

    private Expression ReadTest(Expression target, int line)
    {
        bool isNegated = cursor.TryName("not");
        string name = cursor.ExpectName().Text;
        ArgumentList arguments = ArgumentList.None;
        Token next = cursor.Current;
        if (cursor.TryOperator("("))
        {
            arguments = ReadArguments();
        }
        else if (next.Kind is TokenKind.Name && next.Text is not ("else" or "or" or "and" or "is") || next.Kind is TokenKind.String or TokenKind.Number
            || next.IsOperator("[") || next.IsOperator("{"))
        {
            arguments = new ArgumentList([ReadPostfix(ReadPrimary())], [], null, null);
        }
        var test = new TestExpression(line, target, name, arguments);
        return isNegated ? new NotExpression(line, test) : test;
    }

    // Behind the opening bracket.
    private ArgumentList ReadArguments()
    {
        var positional = new List<Expression>();
        var named = new List<(string, Expression)>();
        Expression? spread = null;
        Expression? namedSpread = null;
        ReadList(")", () =>
        {
            if (cursor.TryOperator("**"))
            {
                namedSpread = Read();
            }
            else if (cursor.TryOperator("*"))
            {
                spread = Read();
            }
            else if (cursor.Current.Kind == TokenKind.Name && cursor.Peek().IsOperator("="))
            {
                string name = cursor.Next().Text;
                cursor.Next();
                named.Add((name, Read()));
            }
            else if (named.Count == 0 && spread is null && namedSpread is null)
            {
                positional.Add(Read());
            }
            else
            {
                throw cursor.Error("an argument without a name stands behind one with a name.");
            }
            return true;
        });
        return new ArgumentList(positional, named, spread, namedSpread);
    }
}
