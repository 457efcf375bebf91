namespace TinyModel;

/// <summary>Learns byte-pair merges (Sennrich et al. 2016) until every word it was given is one token.</summary>
internal static class BytePairMerges
{
    /// <summary>Learns.</summary>
    /// <param name="wordCounts">How often each word occurs; words are written in the byte alphabet of <see cref="Microsoft.ML.Vlm.Text.ByteAlphabet"/>.</param>
    /// <returns>The merges in the order in which they apply.</returns>
    public static List<(string Left, string Right)> Learn(IReadOnlyDictionary<string, int> wordCounts)
    {
        (List<string> Parts, int Count)[] words = [.. wordCounts.OrderBy(word => word.Key, StringComparer.Ordinal)
            .Select(word => (word.Key.Select(letter => letter.ToString()).ToList(), word.Value))];
        List<(string Left, string Right)> merges = [];
        while (MostFrequentPair(words) is { } pair)
        {
            merges.Add(pair);
            foreach ((List<string> parts, _) in words)
            {
                Merge(parts, pair);
            }
        }
        return merges;
    }

    private static (string Left, string Right)? MostFrequentPair((List<string> Parts, int Count)[] words)
    {
        Dictionary<(string Left, string Right), int> counts = [];
        foreach ((List<string> parts, int count) in words)
        {
            foreach ((string, string) pair in parts.Zip(parts.Skip(1)))
            {
                counts[pair] = counts.GetValueOrDefault(pair) + count;
            }
        }
        return counts.Count == 0
            ? null
            : counts.OrderByDescending(entry => entry.Value).ThenBy(entry => entry.Key.Left, StringComparer.Ordinal)
                .ThenBy(entry => entry.Key.Right, StringComparer.Ordinal).First().Key;
    }

    private static void Merge(List<string> parts, (string Left, string Right) pair)
    {
        for (int index = 0; index < parts.Count - 1; index++)
        {
            if (parts[index] == pair.Left && parts[index + 1] == pair.Right)
            {
                parts[index] += parts[index + 1];
                parts.RemoveAt(index + 1);
            }
        }
    }
}
