namespace Microsoft.ML.Vlm.Text;

/// <summary>Merges a row of symbols in time n log n: a heap of candidate pairs over a linked list, so that one long pre-token is no trap.</summary>
internal static class BpeMerger
{
    /// <summary>Merges the pair of the lowest rank, leftmost first, until none is left.</summary>
    public static TokenSpan[] Merge(List<TokenSpan> symbols, BpeVocabulary vocabulary)
    {
        int count = symbols.Count;
        if (count < 2)
        {
            return [.. symbols];
        }
        int[] next = new int[count];
        int[] previous = new int[count];
        bool[] isAbsorbed = new bool[count];
        PriorityQueue<int, long> candidates = new();
        for (int i = 0; i < count; i++)
        {
            next[i] = i + 1 < count ? i + 1 : -1;
            previous[i] = i - 1;
        }
        for (int i = 0; i + 1 < count; i++)
        {
            AddCandidate(i, i + 1);
        }
        int remaining = count;
        while (candidates.TryDequeue(out int merged, out long priority))
        {
            int position = (int)(priority & uint.MaxValue);
            int right = isAbsorbed[position] ? -1 : next[position];
            // The neighbours may have changed since the pair was queued; it counts only while the two still make the same token.
            if (right < 0 || !vocabulary.TryGetMerge(symbols[position].Id, symbols[right].Id, out BpeMerge merge) || merge.Id != merged)
            {
                continue;
            }
            symbols[position] = new TokenSpan(merged, symbols[position].Start, symbols[right].End);
            isAbsorbed[right] = true;
            remaining--;
            next[position] = next[right];
            if (next[right] >= 0)
            {
                previous[next[right]] = position;
                AddCandidate(position, next[right]);
            }
            if (previous[position] >= 0)
            {
                AddCandidate(previous[position], position);
            }
        }
        TokenSpan[] result = new TokenSpan[remaining];
        for (int i = 0, position = 0; position >= 0; position = next[position])
        {
            result[i++] = symbols[position];
        }
        return result;

        void AddCandidate(int left, int right)
        {
            if (vocabulary.TryGetMerge(symbols[left].Id, symbols[right].Id, out BpeMerge merge))
            {
                candidates.Enqueue(merge.Id, ((long)merge.Rank << 32) | (uint)left);
            }
        }
    }
}
