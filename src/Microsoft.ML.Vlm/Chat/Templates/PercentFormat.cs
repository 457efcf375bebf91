using System.Globalization;
using System.Text;

namespace Microsoft.ML.Vlm.Chat.Templates;

/// <summary>Python's <c>"..." % values</c> with the conversions <c>s r d f %</c>, a precision for <c>f</c>, and no width.</summary>
internal static class PercentFormat
{
    /// <summary>Fills the conversions of a format.</summary>
    /// <exception cref="TemplateException">Another conversion, or another number of values.</exception>
    public static string Apply(string format, object? values, RenderBudget budget)
    {
        List<object?> arguments = values is TemplateSequence { Kind: SequenceKind.Tuple } tuple ? tuple.Items : [values];
        var text = new StringBuilder();
        int next = 0;
        for (int index = 0; index < format.Length; index++)
        {
            if (format[index] != '%')
            {
                text.Append(format[index]);
                continue;
            }
            int end = index + 1;
            while (end < format.Length && (char.IsAsciiDigit(format[end]) || format[end] == '.'))
            {
                end++;
            }
            char conversion = end < format.Length ? format[end] : '\0';
            string precision = format[(index + 1)..end];
            index = end;
            if (conversion == '%')
            {
                text.Append('%');
                continue;
            }
            if (next == arguments.Count)
            {
                throw new TemplateException("a '%' format has more conversions than values.", 0);
            }
            text.Append(Convert(conversion, precision, arguments[next++], budget));
            budget.Text(text.Length);
        }
        return next == arguments.Count || values is TemplateDictionary or TemplateSequence { Kind: SequenceKind.List } or Undefined
            ? text.ToString()
            : throw new TemplateException("a '%' format has fewer conversions than values.", 0);
    }

    private static string Convert(char conversion, string precision, object? value, RenderBudget budget)
    {
        switch (conversion, precision)
        {
            case ('s', ""):
                return PythonText.Str(value, budget);
            case ('r', ""):
                return PythonText.Repr(value, budget);
            case ('d', "") when value is double real && double.IsFinite(real):
                return Math.Truncate(real).ToString("F0", CultureInfo.InvariantCulture);
            case ('d', ""):
                return Arithmetic.Integer(value).ToString(CultureInfo.InvariantCulture);
            case ('f', _) when Arithmetic.TryNumber(value, out double number) && (precision is "" || (precision[0] == '.' && precision.Length is > 1 and < 4)):
                return Rounding.Fixed(number, precision is "" ? 6 : int.Parse(precision.AsSpan(1), CultureInfo.InvariantCulture));
            default:
                throw new TemplateException($"the conversion '%{precision}{conversion}' does not suit a {TemplateValue.TypeName(value)}.", 0);
        }
    }
}
