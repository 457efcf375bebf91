using System.Globalization;
using System.Numerics;
using System.Text;
using System.Text.RegularExpressions;

namespace Microsoft.ML.Vlm.Chat.Templates;

/// <summary>What may stand behind <c>|</c>; filters of sequences are in <see cref="SequenceFilters"/>.</summary>
internal static partial class Filters
{
    /// <summary>Applies a filter; its first argument is the value.</summary>
    /// <exception cref="TemplateException">There is no such filter, or it does not take the arguments.</exception>
    public static object? Apply(string name, CallArguments arguments)
    {
        RenderBudget budget = arguments.Budget;
        object? value = arguments.Positional[0];
        switch (name)
        {
            case "trim":
                BoundArguments trim = arguments.Bind(name, 1, "value", "chars");
                return CodePoints.Strip(Text(value, budget), trim.Text(1), start: true, end: true);
            case "default" or "d":
                BoundArguments given = arguments.Bind(name, 1, "value", "default_value", "boolean");
                bool isMissing = value is Undefined || (given.Flag(2, false) && !TemplateValue.IsTrue(value));
                return isMissing ? given.Has(1) ? given[1] : "" : value;
            case "tojson":
                return ToJson(arguments.Bind(name, 1, "value", "ensure_ascii", "indent", "separators", "sort_keys"), budget);
            case "replace":
                BoundArguments replace = arguments.Bind(name, 3, "value", "old", "new", "count");
                return StringMethods.Replace(
                    Text(value, budget), PythonText.Str(replace[1], budget), PythonText.Str(replace[2], budget), replace.Integer(3) ?? -1, budget);
            case "indent":
                return Indent(value as string ?? throw new TemplateException($"a {TemplateValue.TypeName(value)} is no text to indent.", 0), arguments.Bind(name, 1, "value", "width", "first", "blank"), budget);
            case "round":
                return Round(arguments.Bind(name, 1, "value", "precision", "method"));
            case "int":
                BoundArguments integer = arguments.Bind(name, 1, "value", "default");
                return ToInteger(value) ?? (integer.Has(1) ? integer[1] : 0L);
            case "float":
                BoundArguments real = arguments.Bind(name, 1, "value", "default");
                return ToReal(value) ?? (real.Has(1) ? real[1] : 0d);
            case "format":
                return PercentFormat.Apply(Text(value, budget), TemplateSequence.Tuple([.. arguments.Positional.Skip(1)]), budget);
        }
        if (SequenceFilters.TryApply(name, arguments, out object? result))
        {
            return result;
        }
        arguments.Bind(name, 1, "value");
        return name switch
        {
            "string" => Text(value, budget),
            "safe" => value is string ? value : Text(value, budget),
            "upper" => Text(value, budget).ToUpperInvariant(),
            "lower" => Text(value, budget).ToLowerInvariant(),
            "capitalize" => StringMethods.Capitalize(Text(value, budget)),
            "title" => Words().Replace(Text(value, budget), word => StringMethods.Capitalize(word.Value)),
            "length" or "count" => TemplateValue.Length(value),
            "abs" => value switch
            {
                double number => Math.Abs(number),
                _ => Arithmetic.Integer(value).Sign < 0 ? Arithmetic.Negate(value) : Arithmetic.Negate(Arithmetic.Negate(value)),
            },
            _ => throw new TemplateException("there is no such filter in chat templates.", 0),
        };
    }

    private static string Text(object? value, RenderBudget budget)
    {
        string text = PythonText.Str(value, budget);
        budget.Text(text.Length);
        return text;
    }

    private static string ToJson(BoundArguments bound, RenderBudget budget)
    {
        string? indent = bound[2] switch
        {
            null => null,
            string text => text,
            _ => new string(' ', Math.Clamp(bound.Integer(2) ?? 0, 0, 100)),
        };
        (string, string)? separators = bound[3] switch
        {
            null => null,
            TemplateSequence { Items: [string item, string key] } => (item, key),
            _ => throw new TemplateException("'separators' are two strings.", 0),
        };
        return JsonText.Write(bound[0], indent, separators, bound.Flag(4, false), bound.Flag(1, false), budget);
    }

    private static string Indent(string text, BoundArguments bound, RenderBudget budget)
    {
        string indent = bound[1] as string ?? new string(' ', Math.Clamp(bound.Integer(1) ?? 4, 0, 1000));
        bool blank = bound.Flag(3, false);
        List<string> lines = StringSplitting.Lines(text + "\n", keepEnds: false);
        var result = new StringBuilder(bound.Flag(2, false) ? indent : "");
        for (int index = 0; index < lines.Count; index++)
        {
            string line = lines[index];
            result.Append(index > 0 ? "\n" : "").Append(index > 0 && (blank || line.Length > 0) ? indent : "").Append(line);
            budget.Text(indent.Length);
            RenderBudget.Limit(result.Length);
        }
        return result.ToString();
    }

    private static object? Round(BoundArguments bound)
    {
        int digits = bound.Integer(1) ?? 0;
        string method = bound.Text(2) ?? "common";
        if (!Arithmetic.TryNumber(bound[0], out double number))
        {
            throw new TemplateException($"a {TemplateValue.TypeName(bound[0])} cannot be rounded.", 0);
        }
        double unit = Math.Pow(10, digits);
        return method switch
        {
            "common" when bound[0] is not double && digits >= 0 => Arithmetic.Negate(Arithmetic.Negate(bound[0])),
            "common" when bound[0] is not double => (long)Rounding.Round(number, digits),
            "common" => Rounding.Round(number, digits),
            "ceil" => Math.Ceiling(number * unit) / unit,
            "floor" => Math.Floor(number * unit) / unit,
            _ => throw new TemplateException($"'{method}' is no way to round; there are common, ceil and floor.", 0),
        };
    }

    private static object? ToInteger(object? value) => value switch
    {
        bool flag => flag ? 1L : 0L,
        long number => (object)number,
        double number when double.IsFinite(number) && Math.Abs(number) < long.MaxValue => (long)number,
        BigInteger number => number,
        Undefined undefined => throw new TemplateException(undefined.Reason, 0),
        string text when long.TryParse(CodePoints.Strip(text, null, true, true), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out long number)
            => number,
        string when ToReal(value) is { } number && double.IsFinite(number) && Math.Abs(number) < long.MaxValue => (long)number,
        _ => null,
    };

    private static double? ToReal(object? value) => value switch
    {
        string text => double.TryParse(CodePoints.Strip(text, null, true, true), NumberStyles.Float, CultureInfo.InvariantCulture, out double number)
            ? number : null,
        Undefined undefined => throw new TemplateException(undefined.Reason, 0),
        _ => Arithmetic.TryNumber(value, out double number) ? number : null,
    };

    [GeneratedRegex(@"[^-\s({\[<]+")]
    private static partial Regex Words();
}
