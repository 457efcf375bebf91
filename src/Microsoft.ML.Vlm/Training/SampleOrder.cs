namespace Microsoft.ML.Vlm.Training;

/// <summary>Orders of rows: pure functions, so that a resumed run finds its place by replaying integers, without reading a row.</summary>
internal static class SampleOrder
{
    // transformers' LengthGroupedSampler sorts up to this many steps' rows at a time, and leaves at least four such groups where it can.
    private const int MostStepsInGroup = 50;
    private const int FewestGroups = 4;

    /// <summary>The order of an epoch.</summary>
    /// <param name="state">What it follows from besides.</param>
    /// <param name="settings">Strategy, seed, rows of a step.</param>
    /// <param name="rows">Rows of the data.</param>
    /// <param name="epoch">Counted from 0.</param>
    public static int[] Create(SampleOrderState state, TrainingSettings settings, int rows, int epoch)
    {
        if (settings.SamplingStrategy == SamplingStrategy.Sequential)
        {
            return [.. Enumerable.Range(0, rows)];
        }
        bool isGrouped = settings.SamplingStrategy == SamplingStrategy.GroupByLength;
        int group = GroupRows(rows, settings.RowsPerStep);
        long pool = state.PoolRows;
        if (isGrouped && pool < rows)
        {
            // A group is held besides the pool it was drawn from; both together have to fit.
            group = (int)Math.Clamp(group, 1, Math.Max(1, pool / 2));
            pool = Math.Max(1, pool - group);
        }
        int[] order = Shuffle(rows, pool, settings.Seed, epoch);
        if (isGrouped)
        {
            order = GroupByLength(order, state.Lengths ?? throw new InvalidOperationException("The order by length needs the lengths of the rows."), group);
        }
        return epoch == 0 && state.FirstRows is { } first ? [.. first, .. order.Except(first)] : order;
    }

    /// <summary>The longest rows, in falling length; rows of equal length in their order.</summary>
    /// <param name="lengths">Tokens of every row.</param>
    /// <param name="count">How many.</param>
    public static int[] Longest(IReadOnlyList<int> lengths, int count)
        => [.. Enumerable.Range(0, lengths.Count).OrderByDescending(row => lengths[row]).Take(count)];

    /// <summary>Sorts so many rows at a time by falling length; rows of equal length keep their order.</summary>
    /// <param name="order">The rows.</param>
    /// <param name="lengths">Tokens of every row.</param>
    /// <param name="group">Rows that are sorted at a time; at least 1.</param>
    public static int[] GroupByLength(int[] order, IReadOnlyList<int> lengths, int group)
        => [.. order.Chunk(group).SelectMany(rows => rows.OrderByDescending(row => lengths[row]))];

    /// <summary>Rows that transformers' <c>LengthGroupedSampler</c> sorts at a time.</summary>
    /// <param name="rows">Rows of the data.</param>
    /// <param name="rowsPerStep">Rows of a step.</param>
    public static int GroupRows(int rows, int rowsPerStep) => Math.Clamp(rows / (rowsPerStep * FewestGroups), 1, MostStepsInGroup) * rowsPerStep;

    /// <summary>
    /// A random order, another one each epoch. A pool as large as the data gives a permutation (Fisher and Yates); a smaller one is filled with the first rows,
    /// gives a random one of them, takes the next row in its place and so on, so that reading the data in order never needs more than a pool of rows at once.
    /// </summary>
    /// <param name="rows">Rows of the data.</param>
    /// <param name="poolRows">Rows that are held at once; at least 1, and all when it is at least <paramref name="rows"/>.</param>
    /// <param name="seed">Seed of the order.</param>
    /// <param name="epoch">Counted from 0.</param>
    /// <returns>Every row's number, from 0, once.</returns>
    public static int[] Shuffle(int rows, long poolRows, int seed, int epoch)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(poolRows, 1);
        Random random = new(unchecked((seed * 1_000_003) + epoch));
        int[] pool = [.. Enumerable.Range(0, (int)Math.Min(rows, poolRows))];
        int[] order = new int[rows];
        int given = 0;
        for (int next = pool.Length; next < rows; next++)
        {
            int chosen = random.Next(pool.Length);
            order[given++] = pool[chosen];
            pool[chosen] = next;
        }
        for (int index = 0; index < pool.Length - 1; index++)
        {
            int other = random.Next(index, pool.Length);
            (pool[index], pool[other]) = (pool[other], pool[index]);
        }
        pool.CopyTo(order, given);
        return order;
    }
}
