using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;

namespace Microsoft.ML.Vlm.Evaluation;

/// <summary>ChartQA's relaxed accuracy (Masry et al. 2022, section 5.1, as its reference script computes it).</summary>
internal static partial class RelaxedAccuracy
{
    private const double Tolerance = 0.05;

    /// <summary>1 when both are numbers and differ by at most 5 % of the reference, or when the texts are equal without regard to case; else 0.</summary>
    /// <remarks>A reference of 0 is compared as text, because 5 % of it is nothing; a text that ends in % is a hundredth of its number.</remarks>
    public static double Score(string prediction, string reference)
    {
        if (ParseNumber(prediction) is { } predicted && ParseNumber(reference) is { } expected && expected != 0)
        {
            return Math.Abs(predicted - expected) / Math.Abs(expected) <= Tolerance ? 1 : 0;
        }
        return string.Equals(prediction.Trim(), reference.Trim(), StringComparison.OrdinalIgnoreCase) ? 1 : 0;
    }

    /// <summary>The number that a text is, as Python's <c>float</c> reads it, percent signs at the end understood; null for other texts.</summary>
    internal static double? ParseNumber(string text)
    {
        string number = text.Trim();
        bool isPercentage = number.EndsWith('%');
        if (!FloatPattern().IsMatch(number = WithPlainDigits(number.TrimEnd('%').Trim())))
        {
            return null;
        }
        double value = number.TrimStart('+', '-').ToLowerInvariant() switch
        {
            "nan" => double.NaN,
            "inf" or "infinity" => number.StartsWith('-') ? double.NegativeInfinity : double.PositiveInfinity,
            _ => double.Parse(number.Replace("_", "", StringComparison.Ordinal), NumberStyles.Float, CultureInfo.InvariantCulture),
        };
        return isPercentage ? value / 100 : value;
    }

    // Python reads every decimal digit of Unicode, such as full-width ones.
    private static string WithPlainDigits(string text)
    {
        var plain = new StringBuilder(text.Length);
        for (int index = 0; index < text.Length; index++)
        {
            int digit = CharUnicodeInfo.GetDecimalDigitValue(text, index);
            if (digit < 0)
            {
                plain.Append(text[index]);
                continue;
            }
            plain.Append((char)('0' + digit));
            index += char.IsSurrogatePair(text, index) ? 1 : 0;
        }
        return plain.ToString();
    }

    [GeneratedRegex(
        @"\A[+-]?(?:(?:[0-9](?:_?[0-9])*\.?(?:[0-9](?:_?[0-9])*)?|\.[0-9](?:_?[0-9])*)(?:e[+-]?[0-9](?:_?[0-9])*)?|inf(?:inity)?|nan)\z",
        RegexOptions.IgnoreCase | RegexOptions.CultureInvariant)]
    private static partial Regex FloatPattern();
}
