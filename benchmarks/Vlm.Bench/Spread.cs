namespace Vlm.Bench;

/// <summary>Least, quartiles and largest of some seconds, by the same rule as the peer scripts.</summary>
internal static class Spread
{
    /// <summary>The fields <c>n</c>, <c>min</c>, <c>q1</c>, <c>median</c>, <c>q3</c>, <c>max</c>; none when there are no values.</summary>
    public static Dictionary<string, object> Of(IEnumerable<double> values)
    {
        double[] sorted = [.. values.Order()];
        return sorted.Length == 0
            ? []
            : new()
            {
                ["n"] = sorted.Length,
                ["min"] = Math.Round(sorted[0], 6),
                ["q1"] = Math.Round(At(sorted, 0.25), 6),
                ["median"] = Math.Round(Median(sorted), 6),
                ["q3"] = Math.Round(At(sorted, 0.75), 6),
                ["max"] = Math.Round(sorted[^1], 6),
            };
    }

    /// <summary>The middle value, or the mean of the two in the middle.</summary>
    public static double Median(IEnumerable<double> values)
    {
        double[] sorted = [.. values.Order()];
        return (sorted[(sorted.Length - 1) / 2] + sorted[sorted.Length / 2]) / 2;
    }

    private static double At(double[] sorted, double part) => sorted[Math.Min(sorted.Length - 1, (int)Math.Round(part * (sorted.Length - 1)))];
}
