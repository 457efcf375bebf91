namespace Microsoft.ML.Vlm.Adapters;

/// <summary>What somebody may have meant by a name that does not exist.</summary>
internal static class NearestNames
{
    /// <summary>Words behind an error: <c> Nearest: q_proj, k_proj.</c></summary>
    /// <param name="name">What was asked for; at its full length it is compared with whole names, else with the last parts of names.</param>
    /// <param name="paths">Dotted names.</param>
    public static string Hint(string name, IEnumerable<string> paths)
    {
        int parts = name.Count(letter => letter == '.') + 1;
        IEnumerable<string> candidates = paths.Select(path => string.Join('.', path.Split('.').TakeLast(parts))).Distinct();
        return $"Nearest: {string.Join(", ", candidates.OrderBy(candidate => Distance(name, candidate)).Take(3))}.";
    }

    /// <summary>Letters to insert, delete or replace to make one text of the other (Levenshtein 1966).</summary>
    public static int Distance(string left, string right)
    {
        int[] costs = [.. Enumerable.Range(0, right.Length + 1)];
        for (int row = 1; row <= left.Length; row++)
        {
            int diagonal = costs[0];
            costs[0] = row;
            for (int column = 1; column <= right.Length; column++)
            {
                int above = costs[column];
                costs[column] = Math.Min(Math.Min(above, costs[column - 1]) + 1, diagonal + (left[row - 1] == right[column - 1] ? 0 : 1));
                diagonal = above;
            }
        }
        return costs[^1];
    }
}
