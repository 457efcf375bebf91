using System.Globalization;

namespace Microsoft.ML.Vlm.Chat.Templates;

/// <summary>Python's rounding: of the number's exact binary value, ties to the even digit.</summary>
internal static class Rounding
{
    // The exact decimal expansion of any double that templates meet ends before this many further digits.
    private const int ExactDigits = 120;

    /// <summary>Fixed-point text with <paramref name="digits"/> decimals.</summary>
    public static string Fixed(double value, int digits)
    {
        string exact = Math.Abs(value).ToString("F" + (digits + ExactDigits).ToString(CultureInfo.InvariantCulture), CultureInfo.InvariantCulture);
        if (!double.IsFinite(value))
        {
            return PythonText.Number(value);
        }
        string rest = exact[^ExactDigits..];
        string rounded = Math.Abs(value).ToString("F" + digits.ToString(CultureInfo.InvariantCulture), CultureInfo.InvariantCulture);
        if (rest[0] == '5' && rest.AsSpan(1).IndexOfAnyExcept('0') < 0)
        {
            string down = exact[..^ExactDigits].TrimEnd('.');
            rounded = (down[^1] - '0') % 2 == 0 ? down : rounded;
        }
        return double.IsNegative(value) ? "-" + rounded : rounded;
    }

    /// <summary><c>round(value, digits)</c>.</summary>
    public static double Round(double value, int digits)
    {
        if (!double.IsFinite(value) || digits > ExactDigits)
        {
            return value;
        }
        if (digits < 0)
        {
            double unit = Math.Pow(10, Math.Min(-digits, 300));
            return Math.Round(value / unit, MidpointRounding.ToEven) * unit;
        }
        return double.Parse(Fixed(value, digits), CultureInfo.InvariantCulture);
    }
}
