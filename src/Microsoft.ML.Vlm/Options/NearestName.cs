namespace Microsoft.ML.Vlm;

/// <summary>Finds the name that somebody meant: <c>imgs</c> is most likely <c>images</c>.</summary>
internal static class NearestName
{
    /// <summary>The known name with the fewest edits (insert, delete, replace, swap neighbours; case does not count), or null when none is near.</summary>
    /// <remarks>Near is a third of the longer name, at least two edits; a name that contains the other counts as near too.</remarks>
    /// <param name="name">What was written.</param>
    /// <param name="known">What there is.</param>
    public static string? Find(string name, IEnumerable<string> known)
        => known.Select(candidate => (Candidate: candidate, Edits: Edits(name.ToUpperInvariant(), candidate.ToUpperInvariant())))
            .Where(pair => pair.Edits <= Math.Max(2, Math.Max(name.Length, pair.Candidate.Length) / 3) && pair.Edits < Math.Max(name.Length, pair.Candidate.Length)
                || (Math.Min(name.Length, pair.Candidate.Length) >= 3
                    && (pair.Candidate.Contains(name, StringComparison.OrdinalIgnoreCase) || name.Contains(pair.Candidate, StringComparison.OrdinalIgnoreCase))))
            .OrderBy(pair => pair.Edits).ThenBy(pair => pair.Candidate, StringComparer.Ordinal).Select(pair => pair.Candidate).FirstOrDefault();

    /// <summary>A sentence for an error message: <c> Did you mean 'images'? There are a, b.</c></summary>
    /// <param name="name">What was written.</param>
    /// <param name="known">What there is.</param>
    public static string Hint(string name, IReadOnlyCollection<string> known)
    {
        string list = known.Count == 0 ? "" : $" There are {string.Join(", ", known)}.";
        return Find(name, known) is { } near ? $" Did you mean '{near}'?{list}" : list;
    }

    // Optimal string alignment distance.
    private static int Edits(string a, string b)
    {
        int[,] cost = new int[a.Length + 1, b.Length + 1];
        for (int i = 0; i <= a.Length; i++)
        {
            for (int j = 0; j <= b.Length; j++)
            {
                cost[i, j] = i == 0 || j == 0
                    ? i + j
                    : Math.Min(Math.Min(cost[i - 1, j], cost[i, j - 1]) + 1, cost[i - 1, j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1));
                if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
                {
                    cost[i, j] = Math.Min(cost[i, j], cost[i - 2, j - 2] + 1);
                }
            }
        }
        return cost[a.Length, b.Length];
    }
}
