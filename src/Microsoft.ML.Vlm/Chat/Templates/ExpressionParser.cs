namespace Microsoft.ML.Vlm.Chat.Templates;

/// <summary>Reads expressions; one method for each level of Jinja's grammar, the loosest binding first.</summary>
internal sealed partial class ExpressionParser(TokenCursor cursor)
{
    private const int MaximumDepth = 200;

    private static readonly string[] s_comparisons = ["==", "!=", "<", "<=", ">", ">="];

    private int _depth;

    /// <summary>An expression, or several with commas between: a tuple.</summary>
    /// <param name="allowConditional">Whether <c>a if b else c</c> may stand there; not where a following <c>if</c> belongs to the statement.</param>
    public Expression ReadTuple(bool allowConditional)
    {
        int line = cursor.Line;
        var items = new List<Expression>();
        bool isTuple = false;
        do
        {
            if (isTuple && AtTupleEnd())
            {
                break;
            }
            items.Add(allowConditional ? ReadConditional() : ReadOr());
            isTuple |= cursor.Current.IsOperator(",");
        }
        while (cursor.TryOperator(","));
        return isTuple ? new SequenceExpression(line, SequenceKind.Tuple, items) : items[0];
    }

    /// <summary>One expression.</summary>
    public Expression Read() => ReadConditional();

    private bool AtTupleEnd() => cursor.Current.Kind == TokenKind.TagEnd || cursor.Current.IsOperator(")");

    private Expression ReadConditional()
    {
        if (++_depth > MaximumDepth)
        {
            throw cursor.Error($"an expression has more than {MaximumDepth} levels.");
        }
        int line = cursor.Line;
        Expression result = ReadOr();
        while (cursor.TryName("if"))
        {
            Expression condition = ReadOr();
            result = new ConditionalExpression(line, condition, result, cursor.TryName("else") ? ReadConditional() : null);
        }
        _depth--;
        return result;
    }

    private Expression ReadOr()
    {
        Expression left = ReadAnd();
        while (cursor.TryName("or"))
        {
            left = new LogicalExpression(left.Line, false, left, ReadAnd());
        }
        return left;
    }

    private Expression ReadAnd()
    {
        Expression left = ReadNot();
        while (cursor.TryName("and"))
        {
            left = new LogicalExpression(left.Line, true, left, ReadNot());
        }
        return left;
    }

    private Expression ReadNot()
    {
        int line = cursor.Line;
        int negations = 0;
        while (cursor.TryName("not"))
        {
            negations++;
        }
        Expression result = ReadComparison();
        // An even number of negations still makes a boolean of the value.
        for (int count = negations == 0 ? 0 : 2 - (negations % 2); count > 0; count--)
        {
            result = new NotExpression(line, result);
        }
        return result;
    }

    private Expression ReadComparison()
    {
        Expression first = ReadSum();
        var rest = new List<(string, Expression)>();
        while (true)
        {
            if (cursor.Current.Kind == TokenKind.Operator && s_comparisons.Contains(cursor.Current.Text))
            {
                rest.Add((cursor.Next().Text, ReadSum()));
            }
            else if (cursor.TryName("in"))
            {
                rest.Add(("in", ReadSum()));
            }
            else if (cursor.Current.IsName("not") && cursor.Peek().IsName("in"))
            {
                cursor.Next();
                cursor.Next();
                rest.Add(("not in", ReadSum()));
            }
            else
            {
                return rest.Count == 0 ? first : new ComparisonExpression(first.Line, first, rest);
            }
        }
    }

    private Expression ReadSum() => ReadChain(ReadConcatenation, "+", "-");

    private Expression ReadConcatenation()
    {
        Expression first = ReadProduct();
        if (!cursor.Current.IsOperator("~"))
        {
            return first;
        }
        List<Expression> operands = [first];
        while (cursor.TryOperator("~"))
        {
            operands.Add(ReadProduct());
        }
        return new ConcatenationExpression(first.Line, operands);
    }

    private Expression ReadProduct() => ReadChain(ReadPower, "*", "/", "//", "%");

    private Expression ReadPower() => ReadChain(() => ReadUnary(withFilters: true), "**");

    private Expression ReadChain(Func<Expression> readOperand, params string[] operators)
    {
        Expression left = readOperand();
        while (cursor.Current.Kind == TokenKind.Operator && operators.Contains(cursor.Current.Text))
        {
            string operation = cursor.Next().Text;
            left = new ArithmeticExpression(left.Line, operation, left, readOperand());
        }
        return left;
    }
}
