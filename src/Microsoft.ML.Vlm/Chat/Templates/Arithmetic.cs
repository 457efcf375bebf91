using System.Numerics;

namespace Microsoft.ML.Vlm.Chat.Templates;

/// <summary>Python's operators.</summary>
internal static class Arithmetic
{
    private const int MaximumBits = 4096;

    /// <summary>A number as floating point; booleans count as 0 and 1.</summary>
    public static bool TryNumber(object? value, out double number)
    {
        (bool found, number) = value switch
        {
            bool flag => (true, flag ? 1 : 0),
            long integer => (true, integer),
            BigInteger integer => (true, (double)integer),
            double real => (true, real),
            _ => (false, 0d),
        };
        return found;
    }

    /// <summary>An integer or boolean as an integer.</summary>
    /// <exception cref="TemplateException">Another type.</exception>
    public static BigInteger Integer(object? value) => value switch
    {
        bool flag => flag ? 1 : 0,
        long integer => integer,
        BigInteger integer => integer,
        _ => throw new TemplateException($"a {TemplateValue.TypeName(value)} is not an integer.", 0),
    };

    /// <summary>Applies an operator.</summary>
    /// <param name="operation"><c>+ - * / // % **</c></param>
    /// <param name="a">Left side.</param>
    /// <param name="b">Right side.</param>
    /// <param name="budget">Limits of the rendering.</param>
    /// <exception cref="TemplateException">Python does not apply it to these values.</exception>
    public static object? Apply(string operation, object? a, object? b, RenderBudget budget)
    {
        switch (operation, a, b)
        {
            case (_, Undefined undefined, _):
                throw new TemplateException(undefined.Reason, 0);
            case (_, not string, Undefined undefined):
                throw new TemplateException(undefined.Reason, 0);
            case ("+", string left, string right):
                budget.Text((long)left.Length + right.Length);
                return left + right;
            case ("+", TemplateSequence { IsIndexable: true } left, TemplateSequence right) when left.Kind == right.Kind && left.Kind != SequenceKind.Range:
                budget.Step(left.Items.Count + right.Items.Count);
                return new TemplateSequence(left.Kind, [.. left.Items, .. right.Items]);
            case ("*", string or TemplateSequence, long or bool):
                return Repeat(a, Integer(b), budget);
            case ("*", long or bool, string or TemplateSequence):
                return Repeat(b, Integer(a), budget);
            case ("%", string format, _):
                return PercentFormat.Apply(format, b, budget);
        }
        if (!TryNumber(a, out double x) || !TryNumber(b, out double y))
        {
            throw new TemplateException($"'{operation}' cannot be applied to a {TemplateValue.TypeName(a)} and a {TemplateValue.TypeName(b)}.", 0);
        }
        if (operation is "/" or "//" or "%" && y == 0)
        {
            throw new TemplateException("division by zero.", 0);
        }
        bool isReal = a is double || b is double || operation == "/" || (operation == "**" && y < 0);
        return isReal ? (object)Real(operation, x, y) : Narrow(Whole(operation, Integer(a), Integer(b)));
    }

    /// <summary><c>-value</c>.</summary>
    public static object? Negate(object? value) => value switch
    {
        double number => (object)-number,
        bool or long or BigInteger => Narrow(-Integer(value)),
        Undefined undefined => throw new TemplateException(undefined.Reason, 0),
        _ => throw new TemplateException($"'-' cannot be applied to a {TemplateValue.TypeName(value)}.", 0),
    };

    private static double Real(string operation, double x, double y) => operation switch
    {
        "+" => x + y,
        "-" => x - y,
        "*" => x * y,
        "/" => x / y,
        "//" => Math.Floor((x - Remainder(x, y)) / y),
        "%" => Remainder(x, y),
        _ => Math.Pow(x, y) is var power && double.IsNaN(power) ? throw new TemplateException("a power is no real number.", 0) : power,
    };

    // Python's remainder has the divisor's sign.
    private static double Remainder(double x, double y) => x % y is var remainder && remainder != 0 && remainder < 0 != y < 0 ? remainder + y : remainder;

    private static BigInteger Whole(string operation, BigInteger x, BigInteger y)
    {
        switch (operation)
        {
            case "+":
                return x + y;
            case "-":
                return x - y;
            case "*":
                return x * y;
            case "**":
                return y <= 64 ? BigInteger.Pow(x, (int)y) : throw new TemplateException("'**' takes exponents from 0 to 64.", 0);
        }
        var quotient = BigInteger.DivRem(x, y, out BigInteger remainder);
        // Python rounds the quotient down.
        bool adjust = !remainder.IsZero && remainder.Sign != y.Sign;
        return operation == "//" ? quotient - (adjust ? 1 : 0) : remainder + (adjust ? y : 0);
    }

    // Boxed as what it is: the analyzer overlooks the long.
#pragma warning disable CA1859
    private static object Narrow(BigInteger value)
#pragma warning restore CA1859
    {
        if (value.GetBitLength() > MaximumBits)
        {
            throw new TemplateException($"an integer is larger than {MaximumBits} bits.", 0);
        }
        return value >= long.MinValue && value <= long.MaxValue ? (object)(long)value : value;
    }

    private static object Repeat(object? value, BigInteger count, RenderBudget budget)
    {
        long length = value is string text ? text.Length : ((TemplateSequence)value!).Items.Count;
        int times = count.Sign <= 0 || length == 0 ? 0 : count * length > RenderBudget.MaximumText ? int.MaxValue : (int)count;
        budget.Text(times * length);
        if (value is string repeated)
        {
            return string.Concat(Enumerable.Repeat(repeated, times));
        }
        var sequence = (TemplateSequence)value!;
        budget.Step(times * length);
        return sequence.Kind is SequenceKind.List or SequenceKind.Tuple
            ? new TemplateSequence(sequence.Kind, [.. Enumerable.Repeat(sequence.Items, times).SelectMany(items => items)])
            : throw new TemplateException($"'*' cannot be applied to a {TemplateValue.TypeName(value)}.", 0);
    }
}
