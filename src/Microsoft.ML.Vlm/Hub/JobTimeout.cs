using System.Globalization;
using System.Text.RegularExpressions;

namespace Microsoft.ML.Vlm.Hub;

/// <summary>Times as the hub's jobs write them: <c>90</c>, <c>30s</c>, <c>5m</c>, <c>2h</c>, <c>1.5d</c>.</summary>
internal static partial class JobTimeout
{
    private const double LongestSeconds = 30 * 86_400;

    /// <summary>Whole seconds of a time.</summary>
    /// <exception cref="ArgumentException">It is none, is below a second, or above 30 days.</exception>
    public static int Seconds(string text)
    {
        Match match = Time().Match(text.Trim());
        double seconds = !match.Success ? 0 : double.Parse(match.Groups[1].ValueSpan, CultureInfo.InvariantCulture) * match.Groups[2].Value switch
        {
            "m" => 60,
            "h" => 3600,
            "d" => 86_400,
            _ => 1,
        };
        return seconds is >= 1 and <= LongestSeconds
            ? (int)seconds
            : throw new ArgumentException($"'{text}' is no time for a job. Write seconds, or a number with s, m, h or d behind it, such as 2h; at least a second and at most 30 days.", nameof(text));
    }

    [GeneratedRegex(@"^([0-9]{1,9}(?:\.[0-9]{1,9})?)([smhd]?)\z")]
    private static partial Regex Time();
}
