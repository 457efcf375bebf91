using System.Globalization;
using System.Numerics;
using System.Text;

namespace Microsoft.ML.Vlm.Chat.Templates;

/// <summary>How Python prints values: <c>str()</c> and <c>repr()</c>.</summary>
internal static class PythonText
{
    /// <summary><c>str(value)</c>: strings as they are, undefined values as nothing, all else as <see cref="Repr"/>.</summary>
    public static string Str(object? value, RenderBudget budget) => value switch
    {
        string text => text,
        Undefined => "",
        _ => Repr(value, budget),
    };

    /// <summary><c>repr(value)</c>.</summary>
    public static string Repr(object? value, RenderBudget budget)
    {
        var text = new StringBuilder();
        AppendRepr(text, value, budget);
        return text.ToString();
    }

    /// <summary><c>repr(float)</c>: the shortest digits that read back as the same number.</summary>
    public static string Number(double value)
    {
        if (double.IsNaN(value))
        {
            return "nan";
        }
        if (double.IsInfinity(value))
        {
            return value > 0 ? "inf" : "-inf";
        }
        string sign = double.IsNegative(value) ? "-" : "";
        if (value == 0)
        {
            return sign + "0.0";
        }
        // .NET finds the same shortest digits, but changes to the scientific form elsewhere than Python.
        string[] shortest = Math.Abs(value).ToString("R", CultureInfo.InvariantCulture).Split('E');
        int point = shortest[0].IndexOf('.') is { } found and >= 0 ? found : shortest[0].Length;
        string all = shortest[0].Replace(".", "", StringComparison.Ordinal);
        int leadingZeros = all.Length - all.TrimStart('0').Length;
        string digits = all.Trim('0');
        int exponent = point - 1 - leadingZeros + (shortest.Length > 1 ? int.Parse(shortest[1], CultureInfo.InvariantCulture) : 0);
        if (exponent is < -4 or >= 16)
        {
            string fraction = digits.Length > 1 ? "." + digits[1..] : "";
            return $"{sign}{digits[0]}{fraction}e{(exponent < 0 ? '-' : '+')}{Math.Abs(exponent):00}";
        }
        if (exponent < 0)
        {
            return $"{sign}0.{new string('0', -exponent - 1)}{digits}";
        }
        string whole = digits.Length > exponent ? digits[..(exponent + 1)] : digits.PadRight(exponent + 1, '0');
        string rest = digits.Length > exponent + 1 ? digits[(exponent + 1)..] : "0";
        return $"{sign}{whole}.{rest}";
    }

    private static void AppendRepr(StringBuilder text, object? value, RenderBudget budget)
    {
        budget.Descend();
        int before = text.Length;
        switch (value)
        {
            case null:
                text.Append("None");
                break;
            case bool flag:
                text.Append(flag ? "True" : "False");
                break;
            case long number:
                text.Append(number.ToString(CultureInfo.InvariantCulture));
                break;
            case BigInteger number:
                text.Append(number.ToString(CultureInfo.InvariantCulture));
                break;
            case double number:
                text.Append(Number(number));
                break;
            case string content:
                AppendQuoted(text, content);
                break;
            case Undefined:
                text.Append("Undefined");
                break;
            case TemplateSequence { Kind: SequenceKind.Iterator or SequenceKind.Range }:
                throw new TemplateException("a range or the result of a filter like 'map' is printed; add '| list' or '| join'.", 0);
            case TemplateSequence sequence:
                AppendSequence(text, sequence, budget);
                break;
            case TemplateDictionary dictionary:
                text.Append('{');
                foreach ((object? key, object? entry) in dictionary)
                {
                    text.Append(text.Length > before + 1 ? ", " : "");
                    AppendRepr(text, key, budget);
                    text.Append(": ");
                    AppendRepr(text, entry, budget);
                    budget.Text(text.Length - before);
                }
                text.Append('}');
                break;
            default:
                throw new TemplateException($"a {TemplateValue.TypeName(value)} is printed; is a call's '()' missing?", 0);
        }
        budget.Text(text.Length - before);
    }

    private static void AppendSequence(StringBuilder text, TemplateSequence sequence, RenderBudget budget)
    {
        List<object?> items = sequence.Items;
        (string open, string close) = sequence.Kind switch
        {
            SequenceKind.Tuple => ("(", items.Count == 1 ? ",)" : ")"),
            SequenceKind.Items => ("dict_items([", "])"),
            SequenceKind.Keys => ("dict_keys([", "])"),
            SequenceKind.Values => ("dict_values([", "])"),
            _ => ("[", "]"),
        };
        text.Append(open);
        for (int index = 0; index < items.Count; index++)
        {
            text.Append(index > 0 ? ", " : "");
            AppendRepr(text, items[index], budget);
        }
        text.Append(close);
    }

    private static void AppendQuoted(StringBuilder text, string content)
    {
        char quote = content.Contains('\'') && !content.Contains('"') ? '"' : '\'';
        text.Append(quote);
        foreach (Rune rune in content.EnumerateRunes())
        {
            switch (rune.Value)
            {
                case '\n':
                    text.Append("\\n");
                    break;
                case '\r':
                    text.Append("\\r");
                    break;
                case '\t':
                    text.Append("\\t");
                    break;
                case '\\':
                    text.Append("\\\\");
                    break;
                case int character when character == quote:
                    text.Append('\\').Append(quote);
                    break;
                case int character when character == ' ' || IsPrintable(rune):
                    text.Append(rune.ToString());
                    break;
                case < 0x100:
                    text.Append(CultureInfo.InvariantCulture, $"\\x{rune.Value:x2}");
                    break;
                case < 0x10000:
                    text.Append(CultureInfo.InvariantCulture, $"\\u{rune.Value:x4}");
                    break;
                default:
                    text.Append(CultureInfo.InvariantCulture, $"\\U{rune.Value:x8}");
                    break;
            }
        }
        text.Append(quote);
    }

    private static bool IsPrintable(Rune rune) => Rune.GetUnicodeCategory(rune) is not (
        UnicodeCategory.Control or UnicodeCategory.Format or UnicodeCategory.Surrogate or UnicodeCategory.PrivateUse or UnicodeCategory.OtherNotAssigned
        or UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator or UnicodeCategory.SpaceSeparator);
}
