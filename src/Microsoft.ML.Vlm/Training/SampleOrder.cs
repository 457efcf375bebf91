namespace Microsoft.ML.Vlm.Training;

/// <summary>Orders of rows: pure functions, so that a resumed run finds its place by replaying integers, without reading a row.</summary>
internal static class SampleOrder
{
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
