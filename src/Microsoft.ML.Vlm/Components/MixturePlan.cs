namespace Microsoft.ML.Vlm.Components;

/// <summary>Which rows of the parts a mixture has, and in which order the parts take turns: functions of the counts and the seed alone.</summary>
/// <param name="Counts">Rows of each part.</param>
/// <param name="Taken">Rows of each part that come in one pass.</param>
/// <param name="Seed">Seed of what is random.</param>
internal sealed record MixturePlan(IReadOnlyList<long> Counts, IReadOnlyList<long> Taken, int Seed)
{
    /// <summary>Rows of the mixture.</summary>
    public long Rows => Taken.Sum();

    /// <summary>Decides how many rows of each part come.</summary>
    /// <param name="parts">Fractions or weights.</param>
    /// <param name="counts">Rows of each part.</param>
    /// <param name="seed">Seed of what is random.</param>
    public static MixturePlan Create(IReadOnlyList<VlmMixturePart> parts, IReadOnlyList<long> counts, int seed)
    {
        // The part that would run out first sets the length.
        double longest = parts.All(part => part.Weight is not null) ? parts.Zip(counts, (part, count) => count / part.Weight!.Value).Min() : 0;
        return new(counts, [.. parts.Zip(counts, (part, count) => (long)Math.Round(part.Weight is { } weight ? weight * longest : (part.Fraction ?? 1) * count))], seed);
    }

    /// <summary>The parts by turns: any order of the rows' parts is as likely as any other.</summary>
    public IEnumerable<int> Turns()
    {
        Random random = new(Seed);
        long[] left = [.. Taken];
        for (long all = Rows; all > 0; all--)
        {
            long drawn = random.NextInt64(all);
            int part = 0;
            while (drawn >= left[part])
            {
                drawn -= left[part++];
            }
            left[part]--;
            yield return part;
        }
    }

    /// <summary>How often each row of a part comes in one reading of it, row by row; the readings of a part follow each other until all that is taken has come.</summary>
    /// <param name="part">The part.</param>
    public IEnumerable<bool> Rowwise(int part)
    {
        long count = Counts[part];
        for (long whole = Taken[part] / Math.Max(1, count) * count; whole > 0; whole--)
        {
            yield return true;
        }

        // Selection sampling (Knuth, The Art of Computer Programming 2, algorithm 3.4.2 S): every subset is as likely, and the rows stay in order.
        Random random = new(unchecked((Seed * 1_000_003) + part + 1));
        long wanted = count == 0 ? 0 : Taken[part] % count;
        for (long row = 0; wanted > 0; row++)
        {
            bool isTaken = random.NextDouble() * (count - row) < wanted;
            wanted -= isTaken ? 1 : 0;
            yield return isTaken;
        }
    }
}
