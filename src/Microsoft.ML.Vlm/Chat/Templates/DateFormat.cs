using System.Globalization;
using System.Text;

namespace Microsoft.ML.Vlm.Chat.Templates;

/// <summary>Python's <c>strftime</c> in the C locale.</summary>
internal static class DateFormat
{
    /// <summary>Writes a time.</summary>
    /// <exception cref="TemplateException">A code that is not known.</exception>
    public static string Apply(string format, DateTimeOffset time)
    {
        var text = new StringBuilder();
        for (int index = 0; index < format.Length; index++)
        {
            if (format[index] != '%' || index + 1 == format.Length)
            {
                text.Append(format[index]);
                continue;
            }
            // The sign of glibc: no leading zero or space.
            bool isShort = format[index + 1] == '-' && index + 2 < format.Length;
            index += isShort ? 2 : 1;
            string part = Field(format[index], time);
            text.Append(isShort && part.TrimStart('0', ' ') is { Length: > 0 } trimmed ? trimmed : part);
        }
        return text.ToString();
    }

    private static string Field(char code, DateTimeOffset time)
    {
        CultureInfo culture = CultureInfo.InvariantCulture;
        return code switch
        {
            'Y' => time.ToString("yyyy", culture),
            'y' => time.ToString("yy", culture),
            'm' => time.ToString("MM", culture),
            'd' => time.ToString("dd", culture),
            'e' => time.Day.ToString(culture).PadLeft(2),
            'b' or 'h' => time.ToString("MMM", culture),
            'B' => time.ToString("MMMM", culture),
            'a' => time.ToString("ddd", culture),
            'A' => time.ToString("dddd", culture),
            'H' => time.ToString("HH", culture),
            'I' => time.ToString("hh", culture),
            'M' => time.ToString("mm", culture),
            'S' => time.ToString("ss", culture),
            'f' => time.ToString("ffffff", culture),
            'p' => time.ToString("tt", culture),
            'j' => time.DayOfYear.ToString("000", culture),
            'u' => (time.DayOfWeek == DayOfWeek.Sunday ? 7 : (int)time.DayOfWeek).ToString(culture),
            'w' => ((int)time.DayOfWeek).ToString(culture),
            'F' => time.ToString("yyyy-MM-dd", culture),
            'T' or 'X' => time.ToString("HH:mm:ss", culture),
            'R' => time.ToString("HH:mm", culture),
            'D' or 'x' => time.ToString("MM'/'dd'/'yy", culture),
            'c' => Apply("%a %b %e %H:%M:%S %Y", time),
            // Python's datetime.now() has no time zone, so both print nothing.
            'z' or 'Z' => "",
            'n' => "\n",
            't' => "\t",
            '%' => "%",
            _ => throw new TemplateException($"'strftime_now' does not know '%{code}'.", 0),
        };
    }
}
