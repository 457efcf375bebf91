namespace Microsoft.ML.Vlm.Chat.Templates;

/// <summary>Reads the statements of a template.</summary>
internal sealed class StatementParser
{
    private const int MaximumDepth = 100;

    private readonly TokenCursor _cursor;
    private readonly ExpressionParser _expressions;
    private int _depth;
    private int _loops;

    private StatementParser(TokenCursor cursor)
    {
        _cursor = cursor;
        _expressions = new ExpressionParser(cursor);
    }

    /// <summary>Reads a template.</summary>
    /// <exception cref="TemplateException">The source is no template of the supported language.</exception>
    public static IReadOnlyList<Statement> Parse(string source)
    {
        var parser = new StatementParser(new TokenCursor(TemplateLexer.Read(source)));
        return parser.ReadBody();
    }

    // Statements up to one of the words, which is taken; without words up to the end of the template.
    private List<Statement> ReadBody(params string[] ends) => ReadBody(out _, ends);

    private List<Statement> ReadBody(out string end, params string[] ends)
    {
        EnterNesting();
        var body = new List<Statement>();
        while (true)
        {
            Token token = _cursor.Next();
            switch (token.Kind)
            {
                case TokenKind.Data:
                    body.Add(new TextStatement(token.Line, token.Text));
                    break;
                case TokenKind.PrintBegin:
                    body.Add(new PrintStatement(token.Line, _expressions.ReadTuple(allowConditional: true)));
                    _cursor.ExpectTagEnd();
                    break;
                case TokenKind.BlockBegin when _cursor.Current.Kind == TokenKind.Name && ends.Contains(_cursor.Current.Text):
                    end = _cursor.Next().Text;
                    _depth--;
                    return body;
                case TokenKind.BlockBegin:
                    body.Add(ReadStatement());
                    break;
                case TokenKind.End when ends.Length == 0:
                    end = "";
                    return body;
                default:
                    throw new TemplateException($"'{{% {ends[^1]} %}}' is missing.", token.Line);
            }
        }
    }

    private Statement ReadStatement()
    {
        Token word = _cursor.ExpectName();
        return word.Text switch
        {
            "if" => ReadIf(word.Line),
            "for" => ReadFor(word.Line),
            "set" => ReadSet(word.Line),
            "macro" => ReadMacro(word.Line),
            "generation" => ReadGeneration(word.Line),
            "break" or "continue" => ReadJump(word),
            _ => throw new TemplateException($"the statement '{word.Text}' does not belong here or is not supported in chat templates.", word.Line),
        };
    }

    private IfStatement ReadIf(int line)
    {
        var branches = new List<(Expression?, IReadOnlyList<Statement>)>();
        string end = "if";
        while (end is "if" or "elif")
        {
            Expression condition = _expressions.ReadTuple(allowConditional: false);
            _cursor.ExpectTagEnd();
            branches.Add((condition, ReadBody(out end, "elif", "else", "endif")));
        }
        if (end == "else")
        {
            _cursor.ExpectTagEnd();
            branches.Add((null, ReadBody("endif")));
        }
        _cursor.ExpectTagEnd();
        return new IfStatement(line, branches);
    }

    private ForStatement ReadFor(int line)
    {
        AssignmentTarget target = ReadTarget(allowNamespace: false);
        if (!_cursor.TryName("in"))
        {
            throw _cursor.Error($"'in' is expected, not {_cursor.Current}.");
        }
        Expression items = _expressions.ReadTuple(allowConditional: false);
        Expression? filter = _cursor.TryName("if") ? _expressions.Read() : null;
        _cursor.ExpectTagEnd();
        _loops++;
        List<Statement> body = ReadBody(out string end, "endfor", "else");
        _loops--;
        List<Statement> otherwise = [];
        if (end == "else")
        {
            _cursor.ExpectTagEnd();
            otherwise = ReadBody("endfor");
        }
        _cursor.ExpectTagEnd();
        return new ForStatement(line, target, items, filter, body, otherwise);
    }

    private Statement ReadSet(int line)
    {
        AssignmentTarget target = ReadTarget(allowNamespace: true);
        if (_cursor.TryOperator("="))
        {
            Expression value = _expressions.ReadTuple(allowConditional: true);
            _cursor.ExpectTagEnd();
            return new SetStatement(line, target, value);
        }
        Expression? filter = _expressions.ReadFilters();
        _cursor.ExpectTagEnd();
        List<Statement> body = ReadBody("endset");
        _cursor.ExpectTagEnd();
        return new SetBlockStatement(line, target, filter, body);
    }

    private MacroStatement ReadMacro(int line)
    {
        string name = _cursor.ExpectName().Text;
        var parameters = new List<(string, Expression?)>();
        _cursor.Expect("(");
        while (!_cursor.TryOperator(")"))
        {
            if (parameters.Count > 0)
            {
                _cursor.Expect(",");
                if (_cursor.TryOperator(")"))
                {
                    break;
                }
            }
            string parameter = _cursor.ExpectName().Text;
            Expression? whenAbsent = _cursor.TryOperator("=") ? _expressions.Read() : null;
            if (whenAbsent is null && parameters.Exists(other => other.Item2 is not null))
            {
                throw _cursor.Error($"the parameter '{parameter}' has no default and stands behind one that has.");
            }
            parameters.Add((parameter, whenAbsent));
        }
        _cursor.ExpectTagEnd();
        return new MacroStatement(line, name, parameters, ReadClosedBody("endmacro"));
    }

    private GenerationStatement ReadGeneration(int line)
    {
        _cursor.ExpectTagEnd();
        return new GenerationStatement(line, ReadClosedBody("endgeneration"));
    }

    private JumpStatement ReadJump(Token word)
    {
        if (_loops == 0)
        {
            throw new TemplateException($"'{word.Text}' stands outside of a loop.", word.Line);
        }
        _cursor.ExpectTagEnd();
        return new JumpStatement(word.Line, word.Text == "break");
    }

    // A body that a break cannot leave.
    private List<Statement> ReadClosedBody(string end)
    {
        int loops = _loops;
        _loops = 0;
        List<Statement> body = ReadBody(end);
        _loops = loops;
        _cursor.ExpectTagEnd();
        return body;
    }

    private void EnterNesting()
    {
        if (++_depth > MaximumDepth)
        {
            throw _cursor.Error($"more than {MaximumDepth} statements are nested.");
        }
    }

    private AssignmentTarget ReadTarget(bool allowNamespace)
    {
        List<AssignmentTarget> parts = [ReadOneTarget(allowNamespace)];
        bool isTuple = false;
        while (_cursor.TryOperator(","))
        {
            isTuple = true;
            if (_cursor.Current.Kind != TokenKind.Name && !_cursor.Current.IsOperator("("))
            {
                break;
            }
            parts.Add(ReadOneTarget(allowNamespace));
        }
        return isTuple ? new AssignmentTarget("", null, parts) : parts[0];
    }

    private AssignmentTarget ReadOneTarget(bool allowNamespace)
    {
        if (_cursor.TryOperator("("))
        {
            EnterNesting();
            AssignmentTarget inner = ReadTarget(allowNamespace);
            _cursor.Expect(")");
            _depth--;
            return inner;
        }
        string name = _cursor.ExpectName().Text;
        if (name is "true" or "false" or "none" or "True" or "False" or "None")
        {
            throw _cursor.Error($"'{name}' is a constant and cannot be assigned to.");
        }
        return new AssignmentTarget(name, allowNamespace && _cursor.TryOperator(".") ? _cursor.ExpectName().Text : null, []);
    }
}
