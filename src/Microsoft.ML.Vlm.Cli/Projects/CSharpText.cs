using System.Globalization;
using System.Text;

namespace Microsoft.ML.Vlm.Cli.Projects;

/// <summary>Texts and numbers as literals of C#, whatever is in them: nothing that somebody writes gets out of its quotes.</summary>
internal static class CSharpText
{
    /// <summary>A text in quotes, on one line. Line ends, control characters and marks that change the direction of writing are escaped, so that the code is what it looks like.</summary>
    public static string Literal(string text)
    {
        StringBuilder code = new("\"");
        foreach (char unit in text)
        {
            _ = unit switch
            {
                '"' => code.Append("\\\""),
                '\\' => code.Append("\\\\"),
                '\n' => code.Append("\\n"),
                '\r' => code.Append("\\r"),
                '\t' => code.Append("\\t"),
                _ when IsPlain(unit) => code.Append(unit),
                _ => code.Append(CultureInfo.InvariantCulture, $"\\u{(int)unit:x4}"),
            };
        }
        return code.Append('"').ToString();
    }

    /// <summary>A number as people write it: <c>16</c>, <c>0.05</c>, <c>2e-5</c>.</summary>
    public static string Literal(double number)
    {
        if (!double.IsFinite(number))
        {
            return double.IsNaN(number) ? "double.NaN" : number > 0 ? "double.PositiveInfinity" : "double.NegativeInfinity";
        }
        string text = number.ToString("R", CultureInfo.InvariantCulture);
        return text.Split('E') is [var mantissa, var exponent] ? $"{mantissa}e{int.Parse(exponent, CultureInfo.InvariantCulture)}"
            : Math.Abs(number) > int.MaxValue ? text + "d" : text;
    }

    /// <summary>A time in the largest unit that gives a whole number.</summary>
    public static string Literal(TimeSpan time) => (time.Ticks % TimeSpan.TicksPerSecond, time.Ticks % TimeSpan.TicksPerMinute, time.Ticks % TimeSpan.TicksPerHour) switch
    {
        (_, _, 0) => Call("FromHours", time.Ticks / TimeSpan.TicksPerHour),
        (_, 0, _) => Call("FromMinutes", time.Ticks / TimeSpan.TicksPerMinute),
        (0, _, _) => Call("FromSeconds", time.Ticks / TimeSpan.TicksPerSecond),
        _ => Call("FromTicks", time.Ticks),
    };

    /// <summary>A word of a command line: as it is where a shell leaves it alone, else as a literal. Never more than a line.</summary>
    public static string Word(string word)
        => word.Length > 0 && word.All(unit => char.IsAsciiLetterOrDigit(unit) || "_-./:@=,+".Contains(unit, StringComparison.Ordinal)) ? word : Literal(word);

    private static string Call(string method, long number) => string.Create(CultureInfo.InvariantCulture, $"TimeSpan.{method}({number})");

    private static bool IsPlain(char unit) => unit == ' ' || char.GetUnicodeCategory(unit)
        is not (UnicodeCategory.Control or UnicodeCategory.Format or UnicodeCategory.Surrogate or UnicodeCategory.PrivateUse or UnicodeCategory.OtherNotAssigned
            or UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator or UnicodeCategory.SpaceSeparator);
}
