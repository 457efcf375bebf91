using System.Globalization;
using System.Text.RegularExpressions;

namespace Microsoft.ML.Vlm.Cli.Settings;

/// <summary>Large whole numbers, also as sizes of files: <c>5GB</c>, <c>512MiB</c>.</summary>
internal static partial class ByteCount
{
    /// <summary>Reads a number or a size.</summary>
    /// <exception cref="FormatException">It is neither.</exception>
    public static long Parse(string text)
    {
        Match match = Size().Match(text);
        if (!match.Success || !double.TryParse(match.Groups[1].ValueSpan, NumberStyles.Float, CultureInfo.InvariantCulture, out double number))
        {
            throw new FormatException($"'{text}' is no whole number and no size such as 5GB");
        }
        string unit = match.Groups[2].Value.ToUpperInvariant();
        double bytes = number * Math.Pow(unit.Contains('I', StringComparison.Ordinal) ? 1024 : 1000, unit.Length == 0 ? 0 : " KMGT".IndexOf(unit[0], StringComparison.Ordinal));
        return bytes == Math.Floor(bytes) && Math.Abs(bytes) < 1L << 53 ? (long)bytes : throw new FormatException($"'{text}' is no whole number");
    }

    /// <summary>A size for people.</summary>
    public static string Format(long bytes) => bytes switch
    {
        >= 1L << 30 => string.Create(CultureInfo.InvariantCulture, $"{bytes / (double)(1L << 30):0.0} GiB"),
        >= 1L << 20 => string.Create(CultureInfo.InvariantCulture, $"{bytes / (double)(1L << 20):0.0} MiB"),
        _ => string.Create(CultureInfo.InvariantCulture, $"{bytes / 1024.0:0.0} KiB"),
    };

    [GeneratedRegex(@"^(-?[0-9]+(?:\.[0-9]+)?)(?: ?([KMGT]i?)B)?\z", RegexOptions.IgnoreCase)]
    private static partial Regex Size();
}
