namespace Microsoft.ML.Vlm.Evaluation;

/// <summary>Interval of a mean difference by drawing rows again and again (Efron 1979): rows are drawn as pairs, so what makes a row hard cancels out.</summary>
internal static class PairedBootstrap
{
    /// <summary>The mean of <c>after[i] - before[i]</c> and the percentile interval of that mean over resamplings of the rows.</summary>
    /// <param name="before">A value a row.</param>
    /// <param name="after">A value a row, of the same rows; at least one.</param>
    /// <param name="resamples">Resamplings.</param>
    /// <param name="confidence">Part of the resamplings inside the interval.</param>
    /// <param name="seed">The same seed gives the same interval.</param>
    /// <exception cref="ArgumentException">The numbers of rows differ, or there are none.</exception>
    public static VlmInterval Interval(IReadOnlyList<double> before, IReadOnlyList<double> after, int resamples, double confidence, int seed)
    {
        if (before.Count != after.Count || after.Count == 0)
        {
            throw new ArgumentException($"Paired values need the same rows on both sides, at least one; there are {before.Count} and {after.Count}.", nameof(after));
        }

        double[] differences = [.. after.Zip(before, (b, a) => b - a)];
        double[] means = new double[resamples];
        Random random = new(seed);
        for (int sample = 0; sample < resamples; sample++)
        {
            double sum = 0;
            for (int draw = 0; draw < differences.Length; draw++)
            {
                sum += differences[random.Next(differences.Length)];
            }
            means[sample] = sum / differences.Length;
        }
        Array.Sort(means);
        double tail = (1 - confidence) / 2;
        return new VlmInterval(differences.Average(), Quantile(means, tail), Quantile(means, 1 - tail));
    }

    // Linear between the two nearest ranks.
    private static double Quantile(double[] sorted, double part)
    {
        double rank = part * (sorted.Length - 1);
        int below = (int)rank, above = Math.Min(below + 1, sorted.Length - 1);
        return sorted[below] + ((rank - below) * (sorted[above] - sorted[below]));
    }
}
